import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { messageOf, usageError } from '../../errors.ts';
import { ownProgram } from '../../tmux/programs.ts';
import { replaceJson, type RunDirectory } from '../../tmux/run-directory.ts';
import type { PermissionMode } from '../../session/words.ts';
import { isObject } from '../acp/json.ts';
import { takeSettings, withHooks } from './claude-settings.ts';
import { codexHookArgs } from './codex-hooks.ts';
import { DENY_ONLY } from './deny-only.ts';

export interface AgentArguments {
  readonly profile: TerminalProfile;
  /** The arguments that the agent was configured with. */
  readonly own: readonly string[];
  readonly cwd: string;
  readonly permissions: PermissionMode;
  /** Of the agent's program; null: not known. */
  readonly version: string | null;
  readonly run: RunDirectory;
  /** The conversation to go on with, or the id that a new one gets; null: the agent chooses. */
  readonly conversation: { readonly type: 'resume' | 'new'; readonly id: string } | null;
}

/** What the agent is started with. As `hookArguments`, it writes into the run directory. */
export function agentArguments(facts: AgentArguments): string[] {
  const { profile, own, permissions, run, conversation } = facts;
  const template =
    conversation === null ? null : conversation.type === 'resume' ? profile.resumeArgs : profile.newIdArgs;
  const fill = (words: readonly string[]): string[] =>
    words.map((word) => word.replace('{id}', conversation?.id ?? '').replace('{dir}', run.dir));
  const rest = [
    // First: `codex resume <id>` is a subcommand.
    ...fill(template ?? []),
    ...profile.args,
    ...profile.trustArgs.map((word) => word.replace('{cwd}', () => JSON.stringify(facts.cwd))),
    ...(profile.permissionArgs[permissions] ?? []),
    ...fill(profile.directoryArgs),
  ];
  const hooked = hookArguments(profile.hooks, own, { cwd: facts.cwd, run, version: facts.version });
  return [...hooked.own, ...rest, ...hooked.added];
}

/**
 * What makes the agent run our hook program, and its own arguments without what that takes the place of. Writes the
 * settings file of its hooks into the run directory.
 */
export function hookArguments(
  hooks: TerminalProfile['hooks'] | 'codex-tools',
  own: readonly string[],
  { cwd, run, version }: Pick<AgentArguments, 'cwd' | 'run' | 'version'>,
): { readonly own: readonly string[]; readonly added: readonly string[] } {
  const program = hookProgram(run);
  if (hooks === null || program === null) return { own, added: [] };
  switch (hooks) {
    case 'claude-settings': {
      const { args, given } = takeSettings(own);
      const file = path.join(run.dir, 'claude-settings.json');
      const settings = given === null ? {} : readSettings(given, cwd);
      replaceJson(file, withHooks(settings, program.map(quoted).join(' ')));
      return { own: args, added: ['--settings', file] };
    }
    case 'codex-notify': {
      const tools = hookArguments('codex-tools', own, { cwd, run, version });
      return { own, added: ['-c', `notify=${JSON.stringify(program)}`, ...tools.added] };
    }
    case 'codex-tools':
      return { own, added: codexHookArgs([...program, DENY_ONLY].map(quoted).join(' '), version) };
  }
}

/** Null when it could not run: an agent without hooks is followed by its files and its screen. */
function hookProgram(run: RunDirectory): readonly string[] | null {
  const [node, flag, file] = ownProgram('terminal-hook.js', '../backend/terminal/hook-program.ts');
  try {
    accessSync(node, constants.X_OK);
    accessSync(file, constants.R_OK);
  } catch {
    // Half installed, or upgraded under us.
    return null;
  }
  return [node, flag, file, run.hooks];
}

/** What stood behind `--settings`: JSON itself, or a file with it. It is read, never written. */
function readSettings(given: string, cwd: string): Readonly<Record<string, unknown>> {
  const isInline = given.trim().startsWith('{');
  try {
    const value: unknown = JSON.parse(isInline ? given : readFileSync(path.resolve(cwd, given), 'utf8'));
    if (isObject(value)) return value;
    throw new Error('it holds no JSON object');
  } catch (error) {
    const where = isInline ? 'the JSON' : given;
    throw usageError('agent-settings', `--settings of the agent cannot be read (${where}): ${messageOf(error)}.`, {
      remedy: 'Mend agents.<name>.terminal.args in the configuration.',
    });
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
