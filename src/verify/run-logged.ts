import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';
import { endTree, startGroup, type GroupLeader } from '../process/group.ts';
import { SESSION_MARKER } from '../process/marker.ts';
import { showCommand } from '../process/run.ts';
import type { VerifyCommand } from '../session/record.ts';
import { makeRedactor } from '../text/redact.ts';
import { makeMayGoOn } from '../text/secret-beginnings.ts';
import type { OutputLog } from './output-log.ts';
import { copyRedacted, type SecretFinder } from './redacted-copy.ts';

export interface LoggedRunInput {
  readonly command: VerifyCommand;
  readonly cwd: string;
  /** The complete environment; the marker is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: OutputLog;
  /** The marker of what is started. At the end everything that carries it is ended: it must not be the agent's own. */
  readonly sessionId: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is kept out of the log: secrets the program does not get may be in a file of its own. Else those in `env`. */
  readonly secrets?: SecretFinder | undefined;
  /** Puts a sandbox around the command line. */
  readonly inside?: ((argv: readonly [string, ...string[]], cwd: string) => readonly [string, ...string[]]) | undefined;
}

export interface LoggedRun {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** Why it could not be started, with the system's code; null when it was. */
  readonly startError: { readonly code: string; readonly message: string } | null;
}

const TERM_PATIENCE_MS = 2000;
/** A process we could not end may hold the pipe for ever; what is in it by then has arrived long ago. */
const STREAM_PATIENCE_MS = 10_000;
/** Node's timers fire at once beyond this: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The command as a person would type it. */
export const commandText = (command: VerifyCommand): string =>
  command.type === 'shell' ? command.line : showCommand(command.argv[0] ?? '', command.argv.slice(1));

/**
 * Runs a command in a process group of its own with both streams going to the log. When it is over, timed out or
 * aborted, everything it started is ended. Only a shell line, which a person wrote, goes through a shell.
 * @throws ConduxtError `log-not-written`
 */
export async function runLogged(input: LoggedRunInput): Promise<LoggedRun> {
  const [own = '', ...ownArgs] =
    input.command.type === 'shell' ? ['/bin/sh', '-c', input.command.line] : input.command.argv;
  const [program, ...args] = input.inside?.([own, ...ownArgs], input.cwd) ?? [own, ...ownArgs];
  const startedAt = monotonicMs();
  const elapsed = (): number => Math.round(monotonicMs() - startedAt);
  let leader: GroupLeader;
  try {
    leader = await startGroup(program, args, {
      cwd: input.cwd,
      env: { ...input.env, [SESSION_MARKER]: input.sessionId },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const startError = { code: systemCode(error) ?? 'UNKNOWN', message: messageOf(error) };
    return { exitCode: null, signal: null, durationMs: elapsed(), timedOut: false, startError };
  }
  const streams = [leader.child.stdout, leader.child.stderr].filter((stream) => stream !== null);
  const secrets = input.secrets ?? { redact: makeRedactor(input.env), mayGoOn: makeMayGoOn(input.env) };
  const copied = Promise.all(streams.map((stream) => copyRedacted(stream, input.log, secrets)));
  const end = await endOfRun(leader, copied, input);
  const durationMs = elapsed();
  await endTree(leader.identity, {
    sessionId: input.sessionId,
    patienceMs: 0,
    termPatienceMs: TERM_PATIENCE_MS,
  });
  const { exitCode, signal } = await leader.exited;
  const giveUp = new AbortController();
  try {
    await Promise.race([copied, delay(STREAM_PATIENCE_MS, undefined, { signal: giveUp.signal }).catch(() => {})]);
  } finally {
    giveUp.abort();
    for (const stream of streams) stream.destroy();
  }
  return { exitCode, signal, durationMs, timedOut: end === 'timeout', startError: null };
}

/** Waits for the first of: the leader is gone, time is up, somebody aborted, the log cannot be written. */
async function endOfRun(
  leader: GroupLeader,
  copied: Promise<unknown>,
  { timeoutMs, signal }: LoggedRunInput,
): Promise<'exit' | 'timeout' | 'abort' | 'log-error'> {
  const stop = new AbortController();
  const timer = AbortSignal.any([stop.signal, signal]);
  const timeout = delay(Math.min(timeoutMs, LONGEST_TIMER_MS), 'timeout' as const, { signal: timer }).catch(
    () => 'abort' as const,
  );
  const logError = copied.then(
    () => new Promise<never>(() => {}),
    () => 'log-error' as const,
  );
  try {
    return await Promise.race([leader.exited.then(() => 'exit' as const), timeout, logError]);
  } finally {
    stop.abort();
  }
}
