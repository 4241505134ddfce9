import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '../errors.ts';
import { namesIn } from './worktree-entry.ts';

/** A living git holds a ref's lock, or leaves its entry without a place, for milliseconds. */
export const STALE_MS = 1000;

/**
 * Removes a lock that stays, as a git that was killed leaves it, and waits for one that is young. Only for refs whose name
 * is the task's own: another program would have to hold the lock of that very name for longer than `STALE_MS` to be
 * mistaken for a dead one.
 */
export async function removeStaleLock(lock: string): Promise<void> {
  for (let facts = await factsOf(lock); facts !== null; facts = await factsOf(lock)) {
    if (ageOf(facts) > STALE_MS) return rm(lock, { force: true });
    await delay(50);
  }
}

/** The same for every lock right in `directory`; one that is not there has none. */
export async function removeStaleLocksIn(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) if (name.endsWith('.lock')) await removeStaleLock(join(directory, name));
}

export interface LockFacts {
  readonly ino: number;
  readonly mtimeMs: number;
}

/** Null when it is not there. */
export async function factsOf(lock: string): Promise<LockFacts | null> {
  try {
    return await stat(lock);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** Milliseconds. A clock set back counts forward. */
export const ageOf = ({ mtimeMs }: LockFacts): number => Math.abs(Date.now() - mtimeMs);

export const isSameLock = (one: LockFacts, other: LockFacts | null): boolean =>
  one.ino === other?.ino && one.mtimeMs === other.mtimeMs;
