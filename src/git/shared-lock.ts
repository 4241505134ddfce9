import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { identityOf } from '../process/identity.ts';
import { sha256 } from '../text/sha256.ts';
import { removeStaleLock } from './stale-lock.ts';
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
 * Runs `run`, whose git takes `lock` and carries the environment it is given. When that fails, a lock that it left is
 * removed; when this program is killed, `clearKilledLocks` removes it later.
 */
export async function takingLock<T>(
  commonDir: string,
  lock: SharedLock,
  run: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  await clearKilledLocks(commonDir);
  notes += 1;
  const note = join(commonDir, `${PREFIX}${lock}-${process.pid}-${lifeOf(process.pid) ?? ''}-${notes}`);
  await writeFile(note, '');
  try {
    const result = await run(worktreeMarker(note));
    await rm(note, { force: true });
    return result;
  } catch (error) {
    await clearNote(commonDir, note, lock);
    throw error;
  }
}

/** Removes the locks that git processes of killed programs of ours left. Those of anybody else stay. */
export async function clearKilledLocks(commonDir: string): Promise<void> {
  for (const name of await readdir(commonDir)) {
    const [, lock, pid, life] = NOTE.exec(name) ?? [];
    if (lock === undefined || lifeOf(Number(pid)) === life) continue;
    await clearNote(commonDir, join(commonDir, name), lock === 'config' ? 'config' : 'packed-refs');
  }
}

const PREFIX = 'conduxt-takes-';
const NOTE = /^conduxt-takes-(config|packed-refs)-(\d+)-([0-9a-f]*)-\d+$/;

/** Tells a living program from one that had the same pid before it, or before a boot; null when there is none. */
function lifeOf(pid: number): string | null {
  const identity = identityOf(pid);
  return identity === null ? null : sha256(JSON.stringify(identity)).slice(0, 16);
}

/**
 * The lock is the killed git's when it was taken right after the note, stays, and no git of the note lives: another
 * program's would have to be taken within that time and held for longer than a second.
 */
async function clearNote(commonDir: string, note: string, lock: SharedLock): Promise<void> {
  await endWorktreeProcesses(note, true);
  const path = join(commonDir, `${lock}.lock`);
  const [noted, taken] = [await changedMs(note), await changedMs(path)];
  if (noted !== null && taken !== null && taken > noted - CLOCK_TICK_MS && taken < noted + TAKEN_WITHIN_MS)
    await removeStaleLock(path);
  await rm(note, { force: true });
}

async function changedMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
