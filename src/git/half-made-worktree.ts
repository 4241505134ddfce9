import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { refused, systemCode } from '../errors.ts';
import { markedPids, SESSION_MARKER } from '../process/marker.ts';
import type { Repository } from './repository.ts';
import { listWorktrees, type WorktreeEntry } from './worktree-list.ts';

/**
 * What `kill -9` during `git worktree add` leaves, and how it is cleared. Measured: a plain retry was refused 30 of 31
 * times, `prune` does not touch an entry that is still locked, and a `git reset` that outlived its parent kept writing
 * into the new attempt. So: end what is left of the old attempt, clear its entry, then start over.
 */

/** The lock git itself holds while it makes a worktree (we run it with LC_ALL=C). */
const MAKING = 'initializing';

/** Carried by every git process that works on the worktree at `path`, so that a later attempt can find it. */
export const worktreeMarker = (path: string): Record<string, string> => ({ [SESSION_MARKER]: markerOf(path) });

const markerOf = (path: string): string => `worktree-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;

/**
 * Ends git processes of an earlier attempt that outlived their starter, and removes the lock such a process held on
 * the task's branch. Where processes cannot be found by their environment (not Linux), a running attempt is given
 * time to end by itself instead.
 */
export async function endEarlierAttempt(repo: Repository, path: string, branch: string): Promise<void> {
  for (let pids = markedPids(markerOf(path)); pids.length > 0; pids = markedPids(markerOf(path))) {
    for (const pid of pids) kill(pid);
    await delay(5);
  }
  if (process.platform !== 'linux') await waitUntilCalm(repo, path);
  await removeStaleLock(join(repo.commonDir, 'refs', 'heads', `${branch}.lock`));
  await removeOrphanEntries(repo.commonDir, basename(path));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in the meantime.
  }
}

/** Longer than any checkout that still makes progress would stay unlisted as finished on a healthy disk. */
const CALM_WITHIN_MS = 30_000;

async function waitUntilCalm(repo: Repository, path: string): Promise<void> {
  const end = performance.now() + CALM_WITHIN_MS;
  while (performance.now() < end) {
    const entry = (await listWorktrees(repo.git)).find((candidate) => candidate.path === path);
    if (entry?.locked !== MAKING) return;
    await delay(200);
  }
}

/** A live git holds a ref's lock for milliseconds. */
const STALE_LOCK_MS = 1000;

/**
 * The branch's lock file, when the process that made it is gone. The branch is this task's own; another program
 * would have to be locking that very name for longer than `STALE_LOCK_MS` to be mistaken for a dead one.
 */
async function removeStaleLock(lock: string): Promise<void> {
  for (;;) {
    const ageMs = await ageOf(lock);
    if (ageMs === null) return;
    if (ageMs > STALE_LOCK_MS) return rm(lock, { force: true });
    await delay(50);
  }
}

async function ageOf(path: string): Promise<number | null> {
  try {
    return Math.abs(Date.now() - (await stat(path)).mtimeMs);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** An entry without `gitdir` belongs to nobody; another attempt fills its own in at once. */
const ORPHAN_AGE_MS = 60_000;

/** Entries that were killed before they learned where their worktree is: listed nowhere, and locked against `prune`. */
async function removeOrphanEntries(commonDir: string, name: string): Promise<void> {
  const directory = join(commonDir, 'worktrees');
  for (const entry of await namesIn(directory)) {
    if (!entry.startsWith(name) || !/^\d*$/.test(entry.slice(name.length))) continue;
    const adminDir = join(directory, entry);
    const [gitdir, locked] = [await textOf(join(adminDir, 'gitdir')), await textOf(join(adminDir, 'locked'))];
    const ageMs = await ageOf(adminDir);
    if (gitdir === '' && locked === MAKING && ageMs !== null && ageMs > ORPHAN_AGE_MS) {
      await rm(adminDir, { recursive: true, force: true });
    }
  }
}

/** True for an entry whose making was interrupted, or whose directory is gone. */
export async function isHalfMade(entry: WorktreeEntry): Promise<boolean> {
  if (entry.locked === MAKING) return true;
  return entry.locked === null && (await ageOf(join(entry.path, '.git'))) === null && (await namesIn(entry.path)).length === 0;
}

/**
 * Removes a half-made worktree: its directory, then its entry. The branch stays.
 * @throws `worktree-occupied` (exit 6) when the directory holds files that the checkout cannot have made.
 */
export async function clearHalfMade(repo: Repository, entry: WorktreeEntry): Promise<void> {
  const strange = await strangeFiles(repo, entry);
  if (strange.length > 0) {
    throw refused('worktree-occupied', `The unfinished worktree ${entry.path} holds files that are not from its commit.`, {
      remedy: `Move them away, then try again: ${strange.slice(0, 5).join(', ')}`,
      facts: { path: entry.path, files: strange.slice(0, 100) },
    });
  }
  // The directory goes first: while the entry is there, an interrupted clearing is still recognised as half-made.
  await rm(entry.path, { recursive: true, force: true, maxRetries: 3 });
  await forgetWorktree(repo, entry.path);
}

/** Removes git's entry of a worktree whose directory is gone, locked or not. */
export async function forgetWorktree(repo: Repository, path: string): Promise<void> {
  // Twice `-f`: once for a worktree that cannot be judged, once for one that is locked.
  await repo.git.run(['worktree', 'remove', '-f', '-f', '--end-of-options', path]);
}

/** Files in the directory that the commit being checked out does not have. */
async function strangeFiles(repo: Repository, entry: WorktreeEntry): Promise<string[]> {
  const commit = await commitOf(repo, entry);
  if (commit === null) return filesIn(entry.path);
  const output = await repo.git.run(['ls-tree', '-r', '-z', '--name-only', '--full-tree', '--end-of-options', commit], {
    maxOutputBytes: 512 * 1024 * 1024,
  });
  const known = new Set(output.stdout.split('\0'));
  return (await filesIn(entry.path)).filter((file) => !known.has(file));
}

/** The entry's commit; git writes zeros before it knows better. */
async function commitOf(repo: Repository, entry: WorktreeEntry): Promise<string | null> {
  const name = entry.branch === null ? entry.head : `refs/heads/${entry.branch}`;
  if (name === null || /^0+$/.test(name)) return null;
  const result = await repo.git.run(['rev-parse', '--verify', '--quiet', `${name}^{commit}`], { okCodes: [0, 1, 128] });
  return result.exitCode === 0 ? result.stdout.trim() : null;
}

async function filesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const item of await readdir(join(directory, relative), { withFileTypes: true })) {
      const path = relative === '' ? item.name : `${relative}/${item.name}`;
      if (path === '.git') continue;
      if (item.isDirectory()) await walk(path);
      else found.push(path);
    }
  };
  try {
    await walk('');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
