import { lstat, readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { refused, systemCode } from '../errors.ts';
import { makeDirectory } from '../journal/make-directory.ts';
import { createGit, type Git } from './git.ts';
import { clearEarlierAttempt } from './half-made-worktree.ts';
import { branchCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { fileStatus } from './status.ts';
import { syncBranch, syncWorktree } from './sync-refs.ts';
import { listWorktrees, whileOthersWrite, type WorktreeEntry } from './worktree-list.ts';
import { worktreeMarker } from './worktree-marker.ts';
import { realPlace } from './worktree-path.ts';

export interface WorktreePlan {
  readonly repo: Repository;
  /** Absolute; its parents are made. */
  readonly path: string;
  readonly branch: string;
  /** The branch starts here when it is made. Full hash. */
  readonly baseCommit: string;
  /** Take over a branch, or a clean worktree on it, that is already there. */
  readonly adopt: boolean;
}

export interface AddedWorktree {
  /** Absolute real path. */
  readonly path: string;
  readonly branch: string;
  readonly head: string;
  /** False when it was there already, whole. */
  readonly created: boolean;
}

/** Large repositories on slow disks take minutes to check out. */
const ADD_TIMEOUT_MS = 15 * 60_000;

/**
 * Refuses, before anything is recorded, what `addWorktree` would refuse or mistake for its own earlier attempt.
 * @throws `branch-exists`, `worktree-exists`, `worktree-occupied` (exit 6), `invalid-worktree-path` (exit 2).
 */
export async function checkWorktreeFree(plan: WorktreePlan): Promise<void> {
  const path = await realPlace(plan.path);
  const entries = await listWorktrees(plan.repo.git);
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry !== undefined && !plan.adopt) {
    throw refused('worktree-exists', `There is already a worktree at ${path}${onBranch(entry)}.`, {
      remedy: 'Take it over with --adopt, or choose another name with --name.',
      facts: { path, branch: entry.branch },
    });
  }
  await checkBranchFits(plan, entries, 'before');
  if (entry !== undefined) await checkAdoptable(plan, entry);
  else await checkPlaceEmpty(path);
}

/**
 * Makes the worktree of a task, or finds it made. Safe to call again after `kill -9` at any moment: what an earlier
 * attempt of the same plan left half-made is cleared first. Nothing that could be a person's is removed: a half-made
 * worktree is recognised by git's own lock (`initializing`) and may hold only files of the commit it was checking out.
 *
 * The caller has made sure, with `checkWorktreeFree`, that the plan's branch and path were free before the task was
 * recorded, and that nobody else works on the same plan (the session's lock).
 * @throws `branch-exists`, `branch-checked-out`, `worktree-exists`, `worktree-dirty`, `worktree-occupied` (exit 6).
 */
export async function addWorktree(plan: WorktreePlan): Promise<AddedWorktree> {
  const path = await realPlace(plan.path);
  await clearEarlierAttempt({ repo: plan.repo, path, branch: plan.branch });
  const entry = await entryAt(plan, path);
  if (entry !== undefined) return finish(plan, await checkAdoptable(plan, entry), false);

  await checkBranchFits(plan, await listWorktrees(plan.repo.git), 'again');
  await checkPlaceEmpty(path);
  makeDirectory(dirname(path), 0o777);
  await createBranch(plan);
  const args = ['worktree', 'add', '--no-guess-remote', '--end-of-options', path, plan.branch];
  let isAgain = false;
  await whileOthersWrite(async () => {
    if (isAgain) await clearEarlierAttempt({ repo: plan.repo, path, branch: plan.branch });
    isAgain = true;
    await markedGit(plan, path).run(args, { timeoutMs: ADD_TIMEOUT_MS });
  });
  const made = await entryAt(plan, path);
  if (made === undefined) throw new Error(`git made a worktree at ${path} and does not list it`);
  return finish(plan, made, true);
}

/** The worktree the branch is checked out in, or null. The main checkout counts. */
export async function worktreeOfBranch(repo: Repository, branch: string): Promise<WorktreeEntry | null> {
  return (await listWorktrees(repo.git)).find((entry) => entry.branch === branch) ?? null;
}

async function entryAt(plan: WorktreePlan, path: string): Promise<WorktreeEntry | undefined> {
  return (await listWorktrees(plan.repo.git)).find((entry) => entry.path === path);
}

async function finish(plan: WorktreePlan, entry: WorktreeEntry, created: boolean): Promise<AddedWorktree> {
  const git = createGit({ cwd: entry.path, env: plan.repo.env });
  const adminDir = resolve(entry.path, await git.line(['rev-parse', '--git-dir']));
  await syncWorktree(plan.repo.commonDir, adminDir, entry.path);
  await syncBranch(plan.repo.commonDir, plan.branch);
  return { path: entry.path, branch: plan.branch, head: entry.head ?? plan.baseCommit, created };
}

/** The branch exists at the end, at the base commit when we had to make it. Never moves one that is there. */
async function createBranch(plan: WorktreePlan): Promise<void> {
  if ((await branchCommit(plan.repo.git, plan.branch)) !== null) return;
  const git = markedGit(plan, await realPlace(plan.path));
  // The empty old value says "must not exist": whoever made it in the meantime keeps it, and we fail.
  await git.run([
    'update-ref',
    '--create-reflog',
    '-m',
    'branch: created for a conduxt task',
    '--end-of-options',
    `refs/heads/${plan.branch}`,
    plan.baseCommit,
    '',
  ]);
}

/** Git whose processes a later attempt can find, should this one be killed. */
const markedGit = ({ repo }: WorktreePlan, path: string): Git =>
  createGit({ cwd: repo.root, env: { ...repo.env, ...worktreeMarker(path) } });

/**
 * A branch that exists must be adopted. Once the task is recorded, one at the base commit that is checked out nowhere is
 * what an earlier attempt made; before that it is a person's, wherever it stands.
 */
async function checkBranchFits(
  plan: WorktreePlan,
  entries: readonly WorktreeEntry[],
  attempt: 'before' | 'again',
): Promise<void> {
  const { branch, repo } = plan;
  const path = await realPlace(plan.path);
  const elsewhere = entries.find((entry) => entry.branch === branch && entry.path !== path);
  if (elsewhere !== undefined) {
    throw refused('branch-checked-out', `The branch ${branch} is checked out in ${elsewhere.path}.`, {
      remedy: 'Choose another branch with --branch, or remove that worktree first.',
      facts: { branch, path: elsewhere.path },
    });
  }
  const commit = await branchCommit(repo.git, branch);
  const mayBeOurs = attempt === 'again' && commit === plan.baseCommit;
  if (commit !== null && !mayBeOurs && !plan.adopt) {
    throw refused('branch-exists', `The branch ${branch} already exists, at ${commit.slice(0, 12)}.`, {
      remedy: 'Continue on it with --adopt, or choose another with --branch or --name.',
      facts: { branch, commit },
    });
  }
  if (commit === null) await checkNoNameConflict(plan);
}

/** Git keeps branches as files: `fix` and `fix/issue-78` cannot both exist. */
async function checkNoNameConflict({ repo, branch }: WorktreePlan): Promise<void> {
  const parts = branch.split('/');
  const above = parts.slice(1).map((_, index) => `refs/heads/${parts.slice(0, index + 1).join('/')}`);
  const patterns = [...above, `refs/heads/${branch}/`];
  const { stdout } = await repo.git.run(['for-each-ref', '--format=%(refname)', '--end-of-options', ...patterns]);
  const conflict = stdout.split('\n').find((ref) => above.includes(ref) || ref.startsWith(`refs/heads/${branch}/`));
  if (conflict === undefined) return;
  throw refused(
    'branch-conflict',
    `The branch ${branch} cannot be made beside ${conflict.slice('refs/heads/'.length)}.`,
    {
      remedy: 'Choose another branch name with --branch.',
      facts: { branch, conflict },
    },
  );
}

/** A whole worktree at our path: ours, or adopted when clean. */
async function checkAdoptable(plan: WorktreePlan, entry: WorktreeEntry): Promise<WorktreeEntry> {
  if (entry.branch !== plan.branch) {
    throw refused('worktree-exists', `There is already a worktree at ${entry.path}${onBranch(entry)}.`, {
      remedy: 'Choose another name with --name, or remove that worktree first.',
      facts: { path: entry.path, branch: entry.branch },
    });
  }
  if (!plan.adopt) return entry;
  const { dirty, untracked } = await fileStatus(createGit({ cwd: entry.path, env: plan.repo.env }));
  const files = [...dirty, ...untracked];
  if (files.length === 0) return entry;
  throw refused('worktree-dirty', `The worktree ${entry.path} has ${files.length} uncommitted or unknown files.`, {
    remedy: 'Commit or move them first; only a clean worktree can be adopted.',
    facts: { path: entry.path, files: files.slice(0, 100) },
  });
}

const onBranch = (entry: WorktreeEntry): string => (entry.branch === null ? '' : `, on branch ${entry.branch}`);

/** Nothing, or an empty directory: git accepts both. */
async function checkPlaceEmpty(path: string): Promise<void> {
  let found: string;
  try {
    const info = await lstat(path);
    if (info.isDirectory()) {
      const names = await readdir(path);
      if (names.length === 0) return;
      found = `holds ${names.length} entries`;
    } else found = info.isSymbolicLink() ? 'is a symbolic link' : 'is a file';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw refused('worktree-occupied', `The worktree cannot be made at ${path}: it ${found}.`, {
    remedy: 'Move it away, or choose another name with --name.',
    facts: { path },
  });
}
