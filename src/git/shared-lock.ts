import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConduxtError, systemCode } from '../errors.ts';
import { identityOf } from '../process/identity.ts';
import { sha256 } from '../text/sha256.ts';
import { isGitAtWork } from './living-git.ts';
import { ageOf, factsOf, isSameLock, STALE_MS, type LockFacts } from './stale-lock.ts';
import { namesIn } from './worktree-entry.ts';
import { endWorktreeProcesses, worktreeMarker } from './worktree-marker.ts';

/**
 * Locks that git takes for a whole repository, to write its configuration or to delete a ref. One that a killed git of
 * ours left would stop every other git there, also a person's, until somebody deletes the file by hand. So a note says
 * who is about to take one, and since when.
 */
export type SharedLock = 'config' | 'packed-refs';

/** Git takes its lock at its start, or within the second that it waits for another one's. */
const TAKEN_WITHIN_MS = 5_000;
/** File systems stamp with a clock that is a tick behind. */
const CLOCK_TICK_MS = 20;

let notes = 0;

/**
 * Runs `run`, whose git takes `lock` and carries the environment it is given. A lock that a killed git left is removed:
 * here, when it was killed alone, and by `clearKilledLocks` when this program was killed, too.
 */
export async function takingLock<T>(
  commonDir: string,
  lock: SharedLock,
  run: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  await clearKilledLocks(commonDir);
  notes += 1;
  const note = join(commonDir, `${PREFIX}${lock}-${process.pid}-${lifeOf(process.pid) ?? ''}-${notes}`);
  // Where no note can be made, git can make no lock.
  await writeFile(note, '').catch(onlySystemErrors);
  try {
    return await run(worktreeMarker(note));
  } catch (error) {
    // A git that ends by itself takes its own lock away; what it could not get was somebody else's.
    if (wasKilled(error)) await clearLock(commonDir, note, lock);
    throw error;
  } finally {
    await rm(note, { force: true }).catch(onlySystemErrors);
  }
}

/** Removes the locks that git processes of killed programs of ours left. Those of anybody else stay. */
export async function clearKilledLocks(commonDir: string): Promise<void> {
  for (const name of await namesIn(commonDir)) {
    const [, lock, pid, life] = NOTE.exec(name) ?? [];
    if (lock === undefined || lifeOf(Number(pid)) === life) continue;
    const note = join(commonDir, name);
    if (await clearLock(commonDir, note, lock === 'config' ? 'config' : 'packed-refs')) await rm(note, { force: true });
  }
}

const PREFIX = 'conduxt-takes-';
const NOTE = /^conduxt-takes-(config|packed-refs)-(\d+)-([0-9a-f]*)-\d+$/;

/** Tells a living program from one that had the same pid before it, or before a boot; null when there is none. */
function lifeOf(pid: number): string | null {
  const identity = identityOf(pid);
  return identity === null ? null : sha256(JSON.stringify(identity)).slice(0, 16);
}

const wasKilled = (error: unknown): boolean =>
  error instanceof ConduxtError && (error.code === 'git-timeout' || typeof error.facts['signal'] === 'string');

function onlySystemErrors(error: unknown): void {
  if (systemCode(error) === undefined) throw error;
}

/**
 * The lock is the killed git's when it was taken right after the note, stays, and neither a git of the note lives nor any
 * other one in this repository. What git was writing under it goes first: nobody else would ever take that away.
 * @returns false when that cannot be known yet.
 */
async function clearLock(commonDir: string, note: string, lock: SharedLock): Promise<boolean> {
  await endWorktreeProcesses(note, true);
  const path = join(commonDir, `${lock}.lock`);
  const [noted, taken] = [await factsOf(note), await factsOf(path)];
  if (noted === null || taken === null || !isTakenAfter(noted, taken)) return true;
  for (let now: LockFacts | null = taken; isSameLock(taken, now); now = await factsOf(path)) {
    if (ageOf(taken) <= STALE_MS) {
      await delay(50);
      continue;
    }
    if (await isGitAtWork(commonDir)) return false;
    if (lock === 'packed-refs') await rm(join(commonDir, 'packed-refs.new'), { force: true });
    await rm(path, { force: true });
  }
  return true;
}

const isTakenAfter = (noted: LockFacts, taken: LockFacts): boolean =>
  taken.mtimeMs > noted.mtimeMs - CLOCK_TICK_MS && taken.mtimeMs < noted.mtimeMs + TAKEN_WITHIN_MS;
