import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { ioError, messageOf, systemCode } from '../errors.ts';
import { makeDirectory } from '../journal/make-directory.ts';
import type { Places } from './places.ts';

/**
 * What a person said about the guarded settings of a repository: one empty file per trusted hash under
 * `repos/<key>/trusted/`. A changed setting has another hash, so it is asked about again.
 */

const HASH = /^[0-9a-f]{64}$/;

/** @param hash of `splitGuarded`. */
export async function isTrusted(places: Places, repoKey: string, hash: string): Promise<boolean> {
  try {
    return (await stat(trustFile(places, repoKey, hash))).isFile();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw ioError('trust-unreadable', `The record of trusted settings could not be read: ${messageOf(error)}.`, {
      remedy: `Check the owner and permissions of ${places.reposDir}.`,
      cause: error,
    });
  }
}

/** Durable when it resolves. Twice is once. */
export async function trust(places: Places, repoKey: string, hash: string): Promise<void> {
  const file = trustFile(places, repoKey, hash);
  try {
    makeDirectory(path.dirname(file), 0o700);
    const handle = await open(file, 'a', 0o600);
    await handle.sync();
    await handle.close();
    const directory = await open(path.dirname(file), 'r');
    await directory.sync();
    await directory.close();
  } catch (error) {
    throw ioError('state-unwritable', `${file} could not be written: ${messageOf(error)}.`, {
      remedy: 'Check its owner and permissions, or set CONDUXT_HOME to a directory you can write.',
      cause: error,
    });
  }
}

function trustFile(places: Places, repoKey: string, hash: string): string {
  if (!HASH.test(hash) || repoKey !== path.basename(repoKey)) throw new Error(`not a trust key: ${repoKey} ${hash}`);
  return path.join(places.reposDir, repoKey, 'trusted', hash);
}
