import { closeSync, openSync } from 'node:fs';
import type * as Sqlite from 'node:sqlite';
import path from 'node:path';
import { pause } from '../clock.ts';
import { ioError, isExhausted, messageOf, systemCode, tooManyFiles } from '../errors.ts';

/** A kernel lock on a file, held until `release` or the end of the process, however it ends. */
export interface FileLock {
  /** Safe to call twice. */
  release(): void;
}

/**
 * Takes the lock on `filePath` (created when missing), or answers null when another process holds it.
 * @throws `lock-unwritable` (exit 74) where its directory cannot be written.
 *
 * The lock is SQLite's exclusive transaction on an empty database: a POSIX record lock that the kernel drops when the
 * process dies, SIGKILL included, that children do not inherit, and that needs neither a native module nor a helper
 * program (29 holders ended by SIGKILL, no overlap: measured). Node ≥ 22.13 carries it. Nobody else in this process
 * may open the file: closing any descriptor of it would drop the lock.
 */
export async function tryLock(filePath: string): Promise<FileLock | null> {
  const { DatabaseSync } = await loadSqlite();
  let database: Sqlite.DatabaseSync | null = null;
  try {
    makePrivate(filePath);
    database = new DatabaseSync(filePath);
    database.exec('PRAGMA busy_timeout=0; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const code = sqliteCode(error);
    if (code === null) throw error;
    if (code === SQLITE_BUSY) return null;
    if (code === SQLITE_CANTOPEN) requireRoomToOpen(filePath);
    const bytes = Buffer.byteLength(filePath);
    if (code === SQLITE_CANTOPEN && bytes > MAX_PATH_BYTES) throw pathTooLong(filePath, bytes);
    throw ioError('lock-unwritable', `The lock ${filePath} cannot be taken: ${messageOf(error)}.`, {
      remedy: 'Check permissions and free space of its directory, or set CONDUXT_HOME to one you can write.',
      cause: error,
      facts: { file: filePath },
    });
  }
  return heldBy(database);
}

/** Its modes are ours to say: SQLite leaves them to the umask. One that is there is not opened: see above. */
function makePrivate(filePath: string): void {
  try {
    closeSync(openSync(filePath, 'wx', 0o600));
  } catch (error) {
    // It is there, or cannot be made: SQLite says so as well.
    if (systemCode(error) === undefined) throw error;
  }
}

/** Waits for the lock, looking again every `pollMs`; null when `signal` aborts first. */
export async function waitForLock(
  filePath: string,
  options: { pollMs: number; signal?: AbortSignal },
): Promise<FileLock | null> {
  for (;;) {
    const lock = await tryLock(filePath);
    if (lock !== null || options.signal?.aborted === true) return lock;
    await pause(options.pollMs, options.signal);
  }
}

/**
 * Every lock of this process until it is released. Without it the garbage collector would close the database of a
 * holder that keeps no reference, and the kernel would drop the lock of a process that lives on.
 */
const held = new Set<Sqlite.DatabaseSync>();

function heldBy(database: Sqlite.DatabaseSync): FileLock {
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;
/** SQLite's own limit, less what it puts behind the name. */
const MAX_PATH_BYTES = 500;

const pathTooLong = (filePath: string, bytes: number): Error =>
  ioError('lock-unwritable', `The path of the lock ${filePath} is too long: ${bytes} bytes.`, {
    remedy: `Set CONDUXT_HOME to a shorter directory: no path in it may be longer than ${MAX_PATH_BYTES} bytes.`,
    facts: { file: filePath },
  });

/** SQLite does not say why it could not open; that this process has too many files open passes, and must be told apart. */
function requireRoomToOpen(filePath: string): void {
  const opened: number[] = [];
  try {
    // It needs several at once, and one may have become free meanwhile.
    while (opened.length < 8) opened.push(openSync(path.dirname(filePath), 'r'));
  } catch (error) {
    if (isExhausted(error)) throw tooManyFiles(`The lock ${filePath} cannot be taken`, systemCode(error) ?? '', error);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** Its primary result code; what else it answers is about the disk: read-only (8), an error (10), full (13), not there (14). */
function sqliteCode(error: unknown): number | null {
  if (systemCode(error) !== 'ERR_SQLITE_ERROR') return null;
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : null;
}

/** Node announces sqlite as experimental once per process on stderr; the part used here has not changed since 22.13. */
async function loadSqlite(): Promise<typeof Sqlite> {
  const original = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => {};
  try {
    return await import('node:sqlite');
  } finally {
    if (original !== undefined) Object.defineProperty(process, 'emitWarning', original);
  }
}
