import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { whatWouldBeLost, worktreeHoldsWork, type Losses } from './losses.ts';
import { createGit } from './git.ts';
import { ignoredFiles } from './status.ts';
import { deleteRefs } from './delete-refs.ts';
import { clearEarlierAttempt, forgetWorktree } from './half-made-worktree.ts';
import { branchCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { keepCommit, snapshotWorktree, type SnapshotName } from './snapshot.ts';
import { takingLock } from './shared-lock.ts';
import { readWorktreeFiles } from './worktree-entry.ts';
import { listWorktrees } from './worktree-list.ts';
import { realPlace } from './worktree-path.ts';

export interface Removal {
  readonly repo: Repository;
  /** Absolute path of the worktree. */
  readonly worktree: string;
  readonly branch: string;
  readonly baseCommit: string;
  /** Null: refuse when something would be lost. Else: save it under this name first, then remove. */
  readonly force: SnapshotName | null;
  /** Takes a snapshot also when nothing would be lost, so that an undo brings the worktree back in any case. */
  readonly keepAlways?: boolean;
}

export type RemovalOutcome =
  | {
      readonly type: 'removed';
      /** Hidden ref of the snapshot, when there was something to save. */
      readonly snapshot: string | null;
      /** What git ignores and no snapshot has: gone with the worktree, as in `git worktree remove`. */
      readonly ignored: readonly string[];
    }
  | { readonly type: 'absent' }
  | { readonly type: 'refused'; readonly why: RefusalReason; readonly losses: Losses };

/**
 * - `work-would-be-lost`: see `losses`; a force removes it after a snapshot.
 * - `locked`: a person locked it (`git worktree lock`); never removed.
 * - `not-savable`: it holds repositories of its own, which a snapshot cannot take; never removed.
 * - `main-checkout`: never removed.
 */
export type RefusalReason = 'work-would-be-lost' | 'locked' | 'not-savable' | 'main-checkout';

/**
 * Removes a linked worktree; the branch stays. Safe to call again after `kill -9`: the directory first moves aside
 * in one step, so that a removal that was cut short never looks like a worktree with deleted files.
 */
export async function removeWorktree(removal: Removal): Promise<RemovalOutcome> {
  const { repo } = removal;
  const worktree = await realPlace(removal.worktree);
  await clearEarlierAttempt({ repo, path: worktree, branch: removal.branch });
  const entries = await listWorktrees(repo.git);
  const index = entries.findIndex((candidate) => candidate.path === worktree);
  const entry = entries[index];
  if (entry === undefined) {
    await sweepAside(worktree);
    return { type: 'absent' };
  }
  if (index === 0) return { type: 'refused', why: 'main-checkout', losses: NOTHING };
  const question = { repo, worktree, branch: removal.branch, baseCommit: removal.baseCommit };
  const losses = await whatWouldBeLost(question);
  if (entry.locked !== null) return { type: 'refused', why: 'locked', losses };
  let snapshot: string | null = null;
  if (worktreeHoldsWork(losses) || (removal.keepAlways === true && removal.force !== null)) {
    if (removal.force === null) return { type: 'refused', why: 'work-would-be-lost', losses };
    if (losses.submodules.length > 0) return { type: 'refused', why: 'not-savable', losses };
    const saved = await snapshotWorktree(repo, worktree, removal.force);
    if (saved.notSaved.length > 0) {
      return { type: 'refused', why: 'not-savable', losses: { ...losses, submodules: saved.notSaved } };
    }
    snapshot = saved.ref;
  }
  const ignored = await ignoredFiles(createGit({ cwd: worktree, env: repo.env }));
  await rename(worktree, join(dirname(worktree), `${asidePrefix(worktree)}${process.pid}`));
  for (const files of await readWorktreeFiles(repo.commonDir)) {
    if (files.gitdir === join(worktree, '.git')) await forgetWorktree(files);
  }
  await sweepAside(worktree);
  return { type: 'removed', snapshot, ignored };
}

/** Why it would not be removed even by force; null: it would, or it is not there. Only reads. */
export async function whyKept(
  removal: Omit<Removal, 'force'>,
): Promise<{ readonly why: Exclude<RefusalReason, 'work-would-be-lost'>; readonly losses: Losses } | null> {
  const { repo, branch, baseCommit } = removal;
  const worktree = await realPlace(removal.worktree);
  const entries = await listWorktrees(repo.git);
  const index = entries.findIndex((candidate) => candidate.path === worktree);
  const entry = entries[index];
  if (entry === undefined) return null;
  if (index === 0) return { why: 'main-checkout', losses: NOTHING };
  if (entry.locked !== null) return { why: 'locked', losses: NOTHING };
  const losses = await whatWouldBeLost({ repo, worktree, branch, baseCommit });
  // Every other unknown directory is listed by its files.
  const submodules = [...losses.submodules, ...losses.untracked.filter((file) => file.endsWith('/'))];
  return submodules.length > 0 ? { why: 'not-savable', losses: { ...losses, submodules } } : null;
}

const NOTHING: Losses = { uncommitted: [], untracked: [], submodules: [], operation: null, detached: [], unpushed: [] };

const asidePrefix = (worktree: string): string => `.${basename(worktree)}.removing-`;

/** Deletes what this and earlier removals moved aside. */
async function sweepAside(worktree: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(dirname(worktree));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) {
    if (!name.startsWith(asidePrefix(worktree))) continue;
    const path = join(dirname(worktree), name);
    if ((await lstat(path)).isDirectory()) await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

export interface BranchDeletion {
  readonly repo: Repository;
  readonly branch: string;
  readonly baseCommit: string;
  /** As for a worktree: null refuses when commits would be lost, a name keeps the tip under a hidden ref. */
  readonly force: SnapshotName | null;
}

export type BranchDeletionOutcome =
  | { readonly type: 'deleted'; readonly commit: string; readonly snapshot: string | null }
  | { readonly type: 'absent' }
  | { readonly type: 'refused'; readonly why: 'work-would-be-lost'; readonly losses: Losses }
  | { readonly type: 'refused'; readonly why: 'checked-out'; readonly path: string };

/** Deletes a local branch when its commits are elsewhere, or after keeping its tip. Nothing happens at the remote. */
export async function deleteBranch(deletion: BranchDeletion): Promise<BranchDeletionOutcome> {
  const { repo, branch, baseCommit } = deletion;
  const commit = await branchCommit(repo.git, branch);
  if (commit === null) return { type: 'absent' };
  const holder = (await listWorktrees(repo.git)).find((entry) => entry.branch === branch);
  if (holder !== undefined) return { type: 'refused', why: 'checked-out', path: holder.path };
  const losses = await whatWouldBeLost({ repo, worktree: null, branch, baseCommit });
  let snapshot: string | null = null;
  if (losses.unpushed.length > 0) {
    if (deletion.force === null) return { type: 'refused', why: 'work-would-be-lost', losses };
    snapshot = (await keepCommit(repo, deletion.force, commit, 'branch')).ref;
  }
  // Compare and swap: a commit made since we looked keeps its branch.
  await deleteRefs(repo, [{ ref: `refs/heads/${branch}`, commit }]);
  // Exit 128: there was no section to remove.
  await takingLock(repo.commonDir, 'config', (env) =>
    repo.git.withEnv(env).run(['config', '--local', '--remove-section', '--end-of-options', `branch.${branch}`], {
      okCodes: [0, 1, 5, 128],
    }),
  );
  return { type: 'deleted', commit, snapshot };
}
