import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { refused } from '../errors.ts';
import { filesNotIn, filesOtherThan } from './checkout-files.ts';
import { branchCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { clearKilledLocks } from './shared-lock.ts';
import { removeStaleLock, STALE_MS } from './stale-lock.ts';
import { endWorktreeProcesses } from './worktree-marker.ts';
import {
  ageOf,
  isUnfinished,
  MAKING,
  namesIn,
  readWorktreeFiles,
  textOf,
  type WorktreeFiles,
} from './worktree-entry.ts';

/**
 * What `kill -9` during `git worktree add` leaves, and how it is cleared. Measured: a plain retry was refused 30 of 31
 * times, `prune` does not touch an entry that is still locked, and a `git reset` that outlived its parent kept writing
 * into the new attempt. So: end what is left of the old attempt, clear what it made, then start over.
 */

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
  await endWorktreeProcesses(path, await leftTraces(attempt));
  if (process.platform !== 'linux') await waitUntilCalm(attempt);
  await removeStaleLock(join(repo.commonDir, 'refs', 'heads', `${branch}.lock`));
  await clearKilledLocks(repo.commonDir);
  for (const files of await readWorktreeFiles(repo.commonDir)) {
    if (files.gitdir === join(path, '.git')) await clearOwn(attempt, files);
    else await clearOrphan(files, basename(path));
  }
  if (await isDangling(repo, path)) await clearDangling(attempt);
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

/** Where processes cannot be found by their environment (not Linux), a running attempt gets time to end by itself. */
const CALM_WITHIN_MS = 30_000;

async function waitUntilCalm({ repo, path }: Attempt): Promise<void> {
  const end = monotonicMs() + CALM_WITHIN_MS;
  while (monotonicMs() < end) {
    const own = (await readWorktreeFiles(repo.commonDir)).find((files) => files.gitdir === join(path, '.git'));
    if (own === undefined || !isUnfinished(own)) return;
    await delay(200);
  }
}

/** Patience with entries of other tasks, whose processes we have not looked for. */
const STALE_FOR_OTHERS_MS = 60_000;

async function clearOwn(attempt: Attempt, files: WorktreeFiles): Promise<void> {
  const { repo, path, branch } = attempt;
  // A whole entry whose directory somebody deleted says nothing any more; one that is locked by a person stays.
  const isEmptied = files.locked === null && (await namesIn(path)).length === 0;
  if (!isUnfinished(files) && !isEmptied) return;
  const commit = await branchCommit(repo.git, branch);
  // Git's own lock says that nobody has worked here yet; without it (a damaged entry) every byte counts.
  const strange =
    files.locked === MAKING ? await filesNotIn(repo.git, commit, path) : await filesOtherThan(repo.git, commit, path);
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
export async function clearOrphan(files: WorktreeFiles, name: string): Promise<void> {
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

/** True for a directory whose `.git` file is empty, or leads to an entry of this repository that is not there. */
async function isDangling(repo: Repository, path: string): Promise<boolean> {
  const link = await textOf(join(path, '.git'));
  if (link === null) return false;
  if (link === '') return true;
  const target = link.startsWith('gitdir: ') ? link.slice('gitdir: '.length) : null;
  return target !== null && target.startsWith(join(repo.commonDir, 'worktrees', '/')) && (await ageOf(target)) === null;
}

/**
 * A git that failed removes its entry first and the files then. What it did not come to is removed here, if it is
 * nothing but the commit's own content: without the entry nobody can say whether a changed file is somebody's work.
 * Else it stays, and is reported as occupying the place.
 */
async function clearDangling(attempt: Attempt): Promise<void> {
  const { repo, path, branch } = attempt;
  if ((await filesOtherThan(repo.git, await branchCommit(repo.git, branch), path)).length > 0) return;
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}
