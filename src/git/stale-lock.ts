import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '../errors.ts';
import { ageOf } from './worktree-entry.ts';

/** A living git holds a ref's lock, or leaves its entry without a place, for milliseconds. */
export const STALE_MS = 1000;

/**
 * Removes a lock that stays, as a git that was killed leaves it. Only for refs whose name is the task's own: another
 * program would have to hold the lock of that very name for longer than `STALE_MS` to be mistaken for a dead one.
 */
export async function removeStaleLock(lock: string): Promise<void> {
  for (let ageMs = await ageOf(lock); ageMs !== null; ageMs = await ageOf(lock)) {
    if (ageMs > STALE_MS) return rm(lock, { force: true });
    await delay(50);
  }
}

/** The same for every lock right in `directory`; one that is not there has none. */
export async function removeStaleLocksIn(directory: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return;
    throw error;
  }
  for (const name of names) if (name.endsWith('.lock')) await removeStaleLock(join(directory, name));
}
