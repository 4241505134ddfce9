import { closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ConduxtError,
  ExitCode,
  heldElsewhere,
  ioError,
  isExhausted,
  messageOf,
  systemCode,
  unavailable,
} from '../errors.ts';
import { monotonicMs } from '../clock.ts';
import { readJournal } from '../journal/read-journal.ts';
import { isAlive } from '../process/identity.ts';
import { hostEnvironment, hostOwnVariables } from '../process/host-environment.ts';
import type { ProcessIdentity } from '../session/events.ts';
import { greet } from './greet.ts';
import type { HelloReply } from './protocol.ts';
import { requireTrustedHome, requireTrustedSession } from './trusted-home.ts';

export interface HostAddress {
  /** State directory (`$CONDUXT_HOME`). */
  readonly home: string;
  readonly sessionId: string;
  readonly socket: string;
  readonly hostLog: string;
  readonly journal: string;
}

/** Replay, lock and socket take well under a second; this covers a machine under heavy load. */
const READY_TIMEOUT_MS = 20_000;
/** A host that misses this many greetings in a row is not merely busy. */
const HELLO_TRIES = 3;
const HELD_PAUSE_MS = 50;

/**
 * Makes sure the session has a host and returns its greeting. Two callers at once start two hosts; the lock lets one
 * live, and both callers talk to that one. The host is in a session of its own: closing the terminal, or killing the
 * caller, does not reach it. A host that holds the lock but stays silent is ended by its recorded identity and replaced.
 *
 * @param found what greeting it came to, where that was done already
 */
export async function ensureHost(
  address: HostAddress,
  env: NodeJS.ProcessEnv,
  found?: Awaited<ReturnType<typeof greet>>,
): Promise<HelloReply> {
  const deadline = monotonicMs() + READY_TIMEOUT_MS;
  const silence = new Silence();
  for (let known = found; monotonicMs() < deadline; known = undefined) {
    const hello = known ?? (await greet(address.socket));
    if (hello === 'silent') {
      if (silence.isTooLong(bytesWritten(address.journal))) endSilentHost(address.journal);
      continue;
    }
    if (hello !== 'none') return hello;
    // Held by a host that is still starting, or by one that is dying: its threads outlive its first sign of death.
    if ((await startHost(address, env)) === 'held') await delay(HELD_PAUSE_MS);
  }
  throw heldElsewhere('host-starting', 'Another host holds this session but does not answer.', {
    remedy: 'Try again in a moment; conduxt watchdog --once replaces a host that stays silent.',
  });
}

/**
 * Has a session that could not be brought back end as failed. A host is started that does only this: it opens neither
 * socket nor agent, so nothing that kept the others from working keeps it. @throws as `ensureHost`.
 */
export async function giveUpSession(address: HostAddress, env: NodeJS.ProcessEnv): Promise<void> {
  if ((await startHost(address, env, ['give-up'])) === 'ready') return;
  throw heldElsewhere('host-starting', 'Another host holds this session.', { remedy: 'Look again in a moment.' });
}

/** Counts greetings in a row that nobody answered, while nothing was written either: a host that writes is at work. */
export class Silence {
  #missed = 0;
  #bytes: number | null = null;

  /** @param bytes of the host's journal and transcript now */
  isTooLong(bytes: number): boolean {
    if (this.#bytes !== null && bytes !== this.#bytes) this.#missed = 0;
    this.#bytes = bytes;
    this.#missed += 1;
    return this.#missed >= HELLO_TRIES;
  }
}

/** Of a host's journal and transcript. */
export function bytesWritten(journal: string): number {
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf(journal) + sizeOf(path.join(path.dirname(journal), 'transcript.ndjson'));
}

function endSilentHost(journal: string): void {
  const started = readJournal(journal).records.findLast((record) => record.type === 'host-started');
  if (started?.type === 'host-started') endHost(started.process);
}

/** By pid, start time and boot: a recycled pid is never signalled. Its journal is whole up to what it acknowledged. */
export function endHost(host: ProcessIdentity): void {
  if (!isAlive(host)) return;
  try {
    process.kill(host.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** `ready`: our host has the lock, has replayed the journal and listens. `held`: another host has the lock. */
async function startHost(
  address: HostAddress,
  env: NodeJS.ProcessEnv,
  errand: readonly string[] = [],
): Promise<'ready' | 'held'> {
  requireTrustedHome(address.home);
  requireTrustedSession(path.dirname(address.journal));
  // Most commands find a living host and never come here.
  const { spawn } = await import('node:child_process');
  const log = openLog(address.hostLog);
  let child;
  try {
    child = spawn(process.execPath, [...hostArguments(), address.home, address.sessionId, ...errand], {
      cwd: '/',
      detached: true,
      env: { ...hostEnvironment(env), ...hostOwnVariables(compiledCode()) },
      stdio: ['ignore', log, log, 'pipe'],
    });
  } catch (error) {
    throw notSpawned(address, error);
  } finally {
    closeSync(log);
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  // Without a free descriptor there is no child, and none of its streams; the event says why.
  const ready = child.pid === undefined ? null : (child.stdio[3] as Readable);
  if (ready === null) throw notSpawned(address, await failed);
  try {
    const outcome = await Promise.race([
      readyLine(ready).then((line) => (line === null ? 'closed' : 'ready')),
      failed,
      delay(READY_TIMEOUT_MS, 'timeout', { ref: false }),
    ]);
    if (outcome === 'ready') return 'ready';
    if (outcome instanceof Error) throw notSpawned(address, outcome);
    if (outcome === 'timeout') {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      throw hostNotStarted(address, `it was not ready after ${READY_TIMEOUT_MS / 1000} s`);
    }
    const code = await exited;
    if (code === ExitCode.held) return 'held';
    throw reportedFailure(address, code);
  } finally {
    ready.destroy();
    child.unref();
  }
}

/** Never through a link: what is written there must not reach another file. */
function openLog(file: string): number {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw ioError('host-log-unwritable', `The log of this session's host cannot be opened: ${messageOf(error)}.`, {
      remedy: `Make ${file} a plain file that you can write, or remove it; check free space and open files.`,
      cause: error,
      facts: { file },
    });
  }
}

/** No room for another process or descriptor is the machine's trouble, anything else the installation's. */
function notSpawned(address: HostAddress, error: unknown): Error {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (!isExhausted(error)) return hostNotStarted(address, messageOf(error));
  return new ConduxtError('host-not-started', ExitCode.io, `The host of this session could not start: ${code}.`, {
    remedy: 'Too many files or processes are open; see ulimit -n and ulimit -u, then try again.',
    cause: error,
  });
}

/** The host says READY in one line on its descriptor 3; the end of the stream without it means that it died. */
async function readyLine(stream: Readable): Promise<string | null> {
  let text = '';
  try {
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.includes('\n')) return text.trim();
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
  return null;
}

/**
 * A host lives for hours beside many others and mostly waits, so its heap is kept small, with what it says itself once its
 * start is over (`small-heap.ts`): without either a flood of updates leaves it at 230 MB, with both at 90 MB.
 */
export const HEAP_FLAGS = ['--max-semi-space-size=2'];

/** In the built package the host is one file beside ours; from source it is its own entry. */
function hostArguments(): string[] {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const built = path.join(here, 'host.cjs');
  const program = existsSync(built) ? built : path.join(here, '../host/main.ts');
  return [...HEAP_FLAGS, '--disable-warning=ExperimentalWarning', program];
}

/** The host finds its compiled code where this command keeps its own: a quarter less work at its start. */
function compiledCode(): string | null {
  const directory = module.getCompileCacheDir();
  // Node's own answer ends in a directory for its version.
  return directory === undefined ? null : path.dirname(directory);
}

function reportedFailure(address: HostAddress, code: number | null): Error {
  const last = tail(address.hostLog);
  const reported = /^conduxt-host: (.*)$/m.exec(
    last.split('\n').findLast((line) => line.startsWith('conduxt-host: ')) ?? '',
  );
  const why = reported?.[1]?.replace(/\.$/, '') ?? `exit code ${code ?? 'none'}`;
  return code === ExitCode.io
    ? new ConduxtError('host-not-started', ExitCode.io, `The host of this session could not start: ${why}`, {
        remedy: `See ${address.hostLog}.`,
      })
    : hostNotStarted(address, why);
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-4000);
  } catch {
    // No log is no reason; the exit code says enough.
    return '';
  }
}

const hostNotStarted = (address: HostAddress, why: string): Error =>
  unavailable('host-not-started', `The host of this session could not start: ${why}.`, {
    remedy: `See ${address.hostLog}; what the session has already is safe.`,
  });
