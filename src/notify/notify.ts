import { open } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, unreachable } from '../errors.ts';
import { makeDirectory } from '../journal/make-directory.ts';
import { run, type RunResult } from '../process/run.ts';
import type { NotifyTarget } from '../session/record.ts';
import { makeRedactor } from '../text/redact.ts';
import { oneLine } from '../text/sanitize.ts';
import { notifyMessage, notifyVariables, type NotifyFacts } from './message.ts';

export type { NotifyFacts } from './message.ts';

export type NotifyResult =
  | { readonly target: string; readonly ok: true }
  /** `problem` is a sentence for people: what could not be reached, and why. */
  | { readonly target: string; readonly ok: false; readonly problem: string };

export interface NotifyOptions {
  /** The complete environment of what is run, without the facts. */
  readonly env: Readonly<Record<string, string>>;
  /** Where commands run: the repository's main checkout. */
  readonly cwd: string;
  /** Per target. */
  readonly timeoutMs?: number;
  readonly platform?: NodeJS.Platform;
}

const TIMEOUT_MS = 15_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/**
 * Tells people. Marker files are touched first, whatever happens to the rest; the others run side by side, without a
 * shell. Never rejects: a target that cannot be reached is a result. Results are in the order of `targets`.
 */
export async function notify(
  targets: readonly NotifyTarget[],
  facts: NotifyFacts,
  options: NotifyOptions,
): Promise<NotifyResult[]> {
  const safe = redacted(facts, options.env);
  const results = new Map<NotifyTarget, NotifyResult>();
  const tell = async (target: NotifyTarget): Promise<void> => {
    results.set(target, await tellOne(target, safe, options));
  };
  for (const target of targets) if (target.type === 'marker') await tell(target);
  await Promise.all(targets.filter(({ type }) => type !== 'marker').map(tell));
  return targets.flatMap((target) => results.get(target) ?? []);
}

function redacted(facts: NotifyFacts, env: NotifyOptions['env']): NotifyFacts {
  const redact = makeRedactor(env);
  return {
    ...facts,
    task: redact(facts.task),
    reason: redact(facts.reason),
    summary: redact(facts.summary),
    prUrl: facts.prUrl === null ? null : redact(facts.prUrl),
  };
}

async function tellOne(target: NotifyTarget, facts: NotifyFacts, options: NotifyOptions): Promise<NotifyResult> {
  const name = nameOf(target);
  try {
    const problem = await attempt(target, facts, options);
    return problem === null ? { target: name, ok: true } : { target: name, ok: false, problem: `${name}: ${problem}.` };
  } catch (error) {
    return { target: name, ok: false, problem: `${name}: ${oneLine(messageOf(error), 300)}.` };
  }
}

function nameOf(target: NotifyTarget): string {
  switch (target.type) {
    case 'command':
      return `the notify command ${oneLine(target.argv[0] ?? '', 80)}`;
    case 'desktop':
      return 'the desktop notification';
    case 'openclaw':
      return 'the OpenClaw event';
    case 'marker':
      return `the marker file ${oneLine(target.path, 200)}`;
    default:
      return unreachable(target, 'notify target');
  }
}

/** Null when it worked, else a clause. */
async function attempt(target: NotifyTarget, facts: NotifyFacts, options: NotifyOptions): Promise<string | null> {
  const { title, body } = notifyMessage(facts);
  switch (target.type) {
    case 'marker':
      await touch(target.path);
      return null;
    case 'command':
      return runProgram(target.argv, options, notifyVariables(facts));
    case 'openclaw':
      return runProgram(
        ['openclaw', 'system', 'event', '--text', `conduxt: ${title}: ${body}`, '--mode', 'now'],
        options,
      );
    case 'desktop':
      return runProgram(desktopCommand(title, body, options.platform ?? process.platform), options);
    default:
      return unreachable(target, 'notify target');
  }
}

/** Creates the file, or sets its time: a marker that is already there is news all the same. */
async function touch(file: string): Promise<void> {
  makeDirectory(path.dirname(file), 0o700);
  const handle = await open(file, 'a', 0o600);
  try {
    const now = new Date();
    await handle.utimes(now, now);
  } finally {
    await handle.close();
  }
}

/** Texts are arguments, never part of a script: AppleScript reads them from `argv`. */
function desktopCommand(title: string, body: string, platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') {
    const script = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];
    return ['osascript', ...script.flatMap((line) => ['-e', line]), title, body];
  }
  // The body is markup to most notification servers.
  const markup = body.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return ['notify-send', '--app-name=conduxt', '--', title, markup];
}

async function runProgram(
  argv: readonly string[],
  { env, cwd, timeoutMs = TIMEOUT_MS }: NotifyOptions,
  variables: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  const [program, ...args] = argv;
  if (program === undefined) return 'no program is named';
  const result = await run(program, args, {
    cwd,
    env: { ...env, ...variables },
    timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  return whyFailed(result, timeoutMs);
}

function whyFailed(result: RunResult, timeoutMs: number): string | null {
  if (result.timedOut) return `it did not end within ${timeoutMs / 1000} s`;
  if (result.startError !== null) {
    return result.startError === 'ENOENT'
      ? 'there is no such program'
      : `it could not be started (${result.startError})`;
  }
  if (result.exitCode === 0) return null;
  const said = oneLine(result.stderr === '' ? result.stdout : result.stderr, 200);
  const how = result.exitCode === null ? `it was ended by ${result.signal}` : `it ended with code ${result.exitCode}`;
  return said === '' ? how : `${how}: ${said}`;
}
