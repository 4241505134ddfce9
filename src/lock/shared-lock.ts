import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { ioError, messageOf, systemCode, unavailable } from '../errors.ts';

/** How flock says that it waited in vain. */
const CONFLICT = 75;

/**
 * flock's lock on a file that others share: other programs, hooks, containers with the same directory. It goes with the
 * open file, so whoever holds it can give it up and take it again without closing anything, and the kernel frees it when
 * its holder dies.
 *
 * Node cannot ask the kernel for it. flock(1) can, on an open file that it is handed: what it locks is ours, and stays
 * locked when it has ended. Children of ours do not inherit the file, so none of them keeps the lock alive.
 */
export class SharedLock {
  readonly #file: string;
  readonly #env: Readonly<Record<string, string>>;
  #descriptor: number | null = null;

  /** @param env for finding flock. Nothing is opened before the first `take`. */
  constructor(file: string, env: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#env = env;
  }

  /**
   * Takes the lock, waiting at most `waitMs` (0: not at all); taken twice, it is held once.
   * @throws `no-flock` (exit 5), `lock-unwritable` (exit 74).
   */
  async take(waitMs: number, signal?: AbortSignal): Promise<'taken' | 'held-elsewhere' | 'aborted'> {
    this.#descriptor ??= open(this.#file);
    const isAborted = (): boolean => signal?.aborted === true;
    if (isAborted()) return 'aborted';
    const patience = waitMs === 0 ? ['--nonblock'] : ['--timeout', String(waitMs / 1000)];
    const code = await this.#flock(['--exclusive', ...patience, '--conflict-exit-code', String(CONFLICT)], signal);
    if (code === CONFLICT) return 'held-elsewhere';
    if (code === 0) return 'taken';
    if (!isAborted()) throw unwritable(this.#file, `flock ended with ${code ?? 'a signal'}`);
    // It may have got the lock at the very moment it was ended.
    await this.release();
    return 'aborted';
  }

  /** Others may have it. The file stays open for the next time. Safe to call twice. */
  async release(): Promise<void> {
    if (this.#descriptor !== null) await this.#flock(['--unlock']);
  }

  /** Gives it up for good. Safe to call twice. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #flock(args: readonly string[], signal?: AbortSignal): Promise<number | null> {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    const child = spawn('flock', [...args, '3'], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'ignore', this.#descriptor],
      ...(signal === undefined ? {} : { signal }),
    });
    child.once('exit', (code) => resolve(code));
    child.once('error', (error) => {
      // Ended by us: its exit follows.
      if (signal?.aborted !== true) reject(systemCode(error) === 'ENOENT' ? noFlock(error) : error);
    });
    return promise;
  }
}

/** Made once and kept: a lock file that is removed is another lock for whoever comes next. */
function open(file: string): number {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, 'a', 0o600);
  } catch (error) {
    throw unwritable(file, messageOf(error));
  }
}

const unwritable = (file: string, why: string): Error =>
  ioError('lock-unwritable', `The lock ${file} cannot be taken: ${why}.`, {
    remedy: 'Name another file with lock.file in the configuration, or with CONDUXT_LOCK.',
    facts: { file },
  });

const noFlock = (cause: unknown): Error =>
  unavailable('no-flock', 'The lock around agents needs the program flock, which is not there.', {
    remedy: 'Install util-linux (on macOS: flock from Homebrew), or set lock.turns to false.',
    cause,
  });
