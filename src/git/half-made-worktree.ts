import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { refused, systemCode } from '../errors.ts';
import { markedPids, SESSION_MARKER } from '../process/marker.ts';
import { branchCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { ageOf, isUnfinished, namesIn, readWorktreeFiles, textOf, type WorktreeFiles } from './worktree-entry.ts';

/**
 * What `kill -9` during `git worktree add` leaves, and how it is cleared. Measured: a plain retry was refused 30 of 31
 * times, `prune` does not touch an entry that is still locked, and a `git reset` that outlived its parent kept writing
 * into the new attempt. So: end what is left of the old attempt, clear what it made, then start over.
 */

/** Carried by every git process that works on the worktree at `path`, so that a later attempt can find it. */
export const worktreeMarker = (path: string): Record<string, string> => ({ [SESSION_MARKER]: markerOf(path) });

const markerOf = (path: string): string => `worktree-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;

export interface Attempt {
  readonly repo: Repository;
  /** Absolute real path of the worktree. */
  readonly path: string;
  readonly branch: string;
}

/**
 * Ends git processes of an earlier attempt that outlived their starter and clears what was left half-made: the lock on
 * the task's branch, git's entry, the directory. The branch stays. Does nothing when there was no earlier attempt.
 * @throws `worktree-occupied` (exit 6) when the directory holds files that the checkout cannot have made.
 */
export async function clearEarlierAttempt(attempt: Attempt): Promise<void> {
  const { repo, path, branch } = attempt;
  await endProcesses(markerOf(path), await leftTraces(attempt));
  if (process.platform !== 'linux') await waitUntilCalm(attempt);
  await removeStaleLock(join(repo.commonDir, 'refs', 'heads', `${branch}.lock`));
  for (const files of await readWorktreeFiles(repo.commonDir)) {
    if (files.gitdir === join(path, '.git')) await clearOwn(attempt, files);
    else await clearOrphan(files, basename(path));
  }
  if (await isOnlyDanglingLink(repo, path)) await rm(path, { recursive: true, force: true });
}

/** True when something shows that this is not the first attempt. */
async function leftTraces({ repo, path, branch }: Attempt): Promise<boolean> {
  const traces = [
    path,
    join(repo.commonDir, 'refs', 'heads', branch),
    join(repo.commonDir, 'refs', 'heads', `${branch}.lock`),
  ];
  for (const trace of traces) if ((await ageOf(trace)) !== null) return true;
  return false;
}

/** Between fork and exec a process still shows its parent's environment: one look could miss it. */
const SECOND_LOOK_MS = 30;

async function endProcesses(marker: string, lookTwice: boolean): Promise<void> {
  for (let calm = 0; ;) {
    const pids = markedPids(marker);
    for (const pid of pids) kill(pid);
    calm = pids.length === 0 ? calm + 1 : 0;
    if (calm > (lookTwice ? 1 : 0)) return;
    await delay(calm === 0 ? 5 : SECOND_LOOK_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in the meantime.
  }
}

/** Where processes cannot be found by their environment (not Linux), a running attempt gets time to end by itself. */
const CALM_WITHIN_MS = 30_000;

async function waitUntilCalm({ repo, path }: Attempt): Promise<void> {
  const end = performance.now() + CALM_WITHIN_MS;
  while (performance.now() < end) {
    const own = (await readWorktreeFiles(repo.commonDir)).find((files) => files.gitdir === join(path, '.git'));
    if (own === undefined || !isUnfinished(own)) return;
    await delay(200);
  }
}

/** A living git holds a ref's lock, or leaves its entry without a place, for milliseconds. */
const STALE_MS = 2000;
/** The same for entries of other tasks, whose processes we have not looked for. */
const STALE_FOR_OTHERS_MS = 60_000;

/**
 * The lock of the task's own branch, when it stays. Another program would have to hold the lock of that very name
 * for longer than `STALE_MS` to be mistaken for a dead one.
 */
async function removeStaleLock(lock: string): Promise<void> {
  for (let ageMs = await ageOf(lock); ageMs !== null; ageMs = await ageOf(lock)) {
    if (ageMs > STALE_MS) return rm(lock, { force: true });
    await delay(50);
  }
}

async function clearOwn(attempt: Attempt, files: WorktreeFiles): Promise<void> {
  const { path } = attempt;
  // A whole entry whose directory somebody deleted says nothing any more; one that is locked by a person stays.
  const isEmptied = files.locked === null && (await namesIn(path)).length === 0;
  if (!isUnfinished(files) && !isEmptied) return;
  const strange = await strangeFiles(attempt);
  if (strange.length > 0) {
    throw refused('worktree-occupied', `The unfinished worktree ${path} holds files that are not from its commit.`, {
      remedy: `Move them away, then try again: ${strange.slice(0, 5).join(', ')}`,
      facts: { path, files: strange.slice(0, 100) },
    });
  }
  // The directory goes first: while the entry is there, an interrupted clearing is still recognised as half-made.
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  await forgetWorktree(files);
}

/** Removes git's entry of a worktree whose directory is gone. All that `git worktree remove` does then, too. */
export async function forgetWorktree(files: WorktreeFiles): Promise<void> {
  await rm(files.adminDir, { recursive: true, force: true, maxRetries: 3 });
}

/** Entries that were cut short before they were whole: listed nowhere, locked against `prune`, some block `list`. */
async function clearOrphan(files: WorktreeFiles, name: string): Promise<void> {
  const isBroken = isEmpty(files.gitdir) || isEmpty(files.commondir);
  if (!isBroken || !isUnfinished(files)) return;
  const isNamedLikeOurs = files.id.startsWith(name) && /^\d*$/.test(files.id.slice(name.length));
  const patienceMs = isNamedLikeOurs && isEmpty(files.gitdir) ? STALE_MS : STALE_FOR_OTHERS_MS;
  for (let ageMs = await ageOf(files.adminDir); ageMs !== null; ageMs = await ageOf(files.adminDir)) {
    if (ageMs > patienceMs) return forgetWorktree(files);
    if (patienceMs > STALE_MS) return;
    await delay(50);
    const now = await textOf(join(files.adminDir, 'gitdir'));
    if (!isEmpty(now)) return;
  }
}

const isEmpty = (text: string | null): boolean => text === null || text === '';

/** A directory with nothing but a `.git` file that leads to an entry which is not there. */
async function isOnlyDanglingLink(repo: Repository, path: string): Promise<boolean> {
  const names = await namesIn(path);
  if (names.length !== 1 || names[0] !== '.git') return false;
  const link = await textOf(join(path, '.git'));
  if (link === '') return true;
  const target = link?.startsWith('gitdir: ') === true ? link.slice('gitdir: '.length) : null;
  return target !== null && target.startsWith(join(repo.commonDir, 'worktrees', '/')) && (await ageOf(target)) === null;
}

/** Files in the directory that the commit being checked out does not have. */
async function strangeFiles({ repo, path, branch }: Attempt): Promise<string[]> {
  const found = await filesIn(path);
  if (found.length === 0) return [];
  const commit = await branchCommit(repo.git, branch);
  if (commit === null) return found;
  const output = await repo.git.run(['ls-tree', '-r', '-z', '--name-only', '--full-tree', '--end-of-options', commit], {
    maxOutputBytes: 512 * 1024 * 1024,
  });
  const known = new Set(output.stdout.split('\0'));
  return found.filter((file) => !known.has(file));
}

/** Every file below a directory but git's own link, relative, with `/`. */
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
