import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ioError, isExhausted, messageOf, refused, systemCode, tooManyFiles } from '../errors.ts';
import { makeDirectory } from '../journal/make-directory.ts';
import { randomBytes } from '../process/random-bytes.ts';

/**
 * The primitives for small files that must survive a crash: complete and synced before they have their name.
 * Synchronous on purpose: they run in the short-lived CLI, where waiting is all there is to do.
 */

/** Creates a directory and its parents with mode 0700. */
export function makePrivateDirectory(directory: string): void {
  try {
    makeDirectory(directory, 0o700);
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/**
 * Makes a directory for sockets in a place others can write to (`/tmp`), or makes sure that the one that is there is
 * ours alone. @throws `runtime-directory-unsafe` (exit 6).
 */
export function requireOwnDirectory(directory: string): void {
  makePrivateDirectory(directory);
  const found = lstatSync(directory);
  const owner = process.getuid?.();
  if (found.isDirectory() && (owner === undefined || found.uid === owner) && (found.mode & 0o022) === 0) return;
  throw refused('runtime-directory-unsafe', `${directory} is not a directory that only you can write to.`, {
    remedy: 'Remove it, or set XDG_RUNTIME_DIR or CONDUXT_HOME to a directory of your own.',
  });
}

/** Replaces a file atomically: temp in the same directory, sync, rename, sync of the directory. */
export function replaceFile(filePath: string, content: string | Buffer, mode = 0o600): void {
  const temporary = writeTemporary(path.dirname(filePath), content, filePath);
  try {
    if (mode !== 0o600) chmodSync(temporary, mode);
    renameSync(temporary, filePath);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(filePath, error);
  }
  syncDirectory(path.dirname(filePath));
}

/** Creates a file that must not exist yet: false when it does. Complete and durable when true. */
export function createFile(filePath: string, content: string | Buffer): boolean {
  const temporary = writeTemporary(path.dirname(filePath), content, filePath);
  try {
    linkSync(temporary, filePath);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw cannotWrite(filePath, error);
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(path.dirname(filePath));
  return true;
}

const TEMPORARY = /^\.tmp-\d+-[0-9a-f]{12}$/;

/** Whether a file is one that is being written, or was when its writer died. */
export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

function writeTemporary(directory: string, content: string | Buffer, target: string): string {
  const temporary = path.join(directory, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
  let fd: number | undefined;
  try {
    fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(target, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return temporary;
}

export function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function cannotWrite(filePath: string, error: unknown): Error {
  if (isExhausted(error)) return tooManyFiles(`${filePath} could not be written`, systemCode(error) ?? 'EMFILE', error);
  const full = systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT';
  return ioError(full ? 'disk-full' : 'state-unwritable', `${filePath} could not be written: ${messageOf(error)}.`, {
    remedy: full
      ? 'Free some space and run the command again; nothing was accepted.'
      : 'Check its owner and permissions, or set CONDUXT_HOME to a directory you can write; nothing was accepted.',
    cause: error,
  });
}
