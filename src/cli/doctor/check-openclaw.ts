import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { VerbContext } from '../context.ts';
import { good, note, type Check } from './check.ts';

/** What OpenClaw's files say, as text; null: the file is not there. */
export interface OpenClawFiles {
  /** `openclaw.json`: JSON with comments. */
  readonly config: string | null;
  /** What its agent is told at the start of every session. */
  readonly instructions: readonly string[];
  /** Our skill is among its skills. */
  readonly hasSkill: boolean;
}

const REMEDY =
  'Copy SKILL.md to ~/.openclaw/skills/conduxt/SKILL.md, and write into its AGENTS.md that coding tasks go to conduxt and not to ' +
  'sub-sessions; or put "sessions_spawn" into tools.deny of openclaw.json.';

/** Whether OpenClaw gives coding work to external agents rather than to sessions of its own. Files only; [] without it. */
export function checkOpenClaw({ io }: VerbContext): Check[] {
  const home = path.join(io.homedir, '.openclaw');
  const config = textOf(path.join(home, 'openclaw.json'));
  if (config === null) return [];
  const workspace = workspaceIn(config, io.homedir) ?? path.join(home, 'workspace');
  const skills = [home, workspace].map((each) => textOf(path.join(each, 'skills/conduxt/SKILL.md')));
  const instructions = ['AGENTS.md', 'TOOLS.md'].flatMap((name) => textOf(path.join(workspace, name)) ?? []);
  return [judgeOpenClaw({ config, instructions, hasSkill: skills.some((each) => each !== null) })];
}

export function judgeOpenClaw({ config, instructions, hasSkill }: OpenClawFiles): Check {
  const denies = /["']?deny["']?\s*:\s*\[[^\]]*["']sessions_spawn["']/.test(withoutComments(config ?? ''));
  if (denies) return good('openclaw', 'prefers external agents: its own sub-sessions are denied');
  const isTold = instructions.some((text) => /\bconduxt\b/i.test(text));
  if (isTold) return good('openclaw', 'prefers external agents: its instructions name conduxt');
  return hasSkill
    ? note(
        'openclaw',
        'has the skill, but nothing says that it prefers external agents to its own sub-sessions',
        REMEDY,
      )
    : note('openclaw', 'does not prefer external agents: it knows nothing of conduxt', REMEDY);
}

/** As its configuration says; null: the usual place. */
export function workspaceIn(config: string, homedir: string): string | null {
  const [, said = ''] = /["']?workspace["']?\s*:\s*["']([^"'\n]+)["']/.exec(withoutComments(config)) ?? [];
  if (said === '') return null;
  return said.startsWith('~/') ? path.join(homedir, said.slice(2)) : said;
}

const withoutComments = (text: string): string => text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there, or not ours to read.
    return null;
  }
}
