import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGit, type Git } from './git.ts';
import { resolveCommit } from './refs.ts';
import { trueStatus } from './true-status.ts';
import type { Repository } from './repository.ts';
import { worktreeStatus, type WorktreeStatus } from './status.ts';

export interface LossQuestion {
  readonly repo: Repository;
  /** Absolute path of the worktree, or null when only the branch is asked about. */
  readonly worktree: string | null;
  readonly branch: string;
  /** Commits of the base are nobody's loss. Full hash. */
  readonly baseCommit: string;
}

export interface LostCommit {
  readonly commit: string;
  readonly subject: string;
}

/** What is nowhere else. All lists empty: nothing would be lost. */
export interface Losses {
  /** Tracked files with uncommitted changes. */
  readonly uncommitted: readonly string[];
  readonly untracked: readonly string[];
  /** Submodules that are checked out: whether they hold work is not looked into. */
  readonly submodules: readonly string[];
  /** A merge, rebase … waiting to be continued, or null. */
  readonly operation: WorktreeStatus['operation'];
  /** Commits only a detached HEAD of the worktree leads to. Lost with the worktree. */
  readonly detached: readonly LostCommit[];
  /** Commits of the branch that neither a remote nor another branch has. Lost with the branch. */
  readonly unpushed: readonly LostCommit[];
}

/**
 * What removing a worktree, or a branch, would destroy. Only reads. Files that git ignores are not counted, as in
 * `git worktree remove`. What a remote has is judged by its tracking branches, as of the last push or fetch.
 */
export async function whatWouldBeLost(question: LossQuestion): Promise<Losses> {
  const { repo, worktree, branch, baseCommit } = question;
  const tip = await resolveCommit(repo.git, `refs/heads/${branch}`);
  const unpushed = tip === null ? [] : await commitsOnlyIn(repo.git, tip, baseCommit, branch);
  if (worktree === null) return { ...NO_FILES, detached: [], unpushed };

  const status = await worktreeStatus(worktree, repo.env);
  const git = createGit({ cwd: worktree, env: repo.env });
  const scratch = join(await mkdtemp(join(tmpdir(), 'conduxt-index-')), 'index');
  const real = await trueStatus(git, scratch, []).finally(() => rm(dirname(scratch), { recursive: true, force: true }));
  const detached =
    status.branch === null && status.head !== '' ? await commitsOnlyIn(repo.git, status.head, baseCommit, null) : [];
  return {
    // Also what the index was told to overlook.
    uncommitted: [...new Set([...status.dirty, ...real.dirty])],
    untracked: status.untracked,
    submodules: [...(await holdsOwnRepository(worktree)), ...(await filledSubmodules(git))],
    operation: status.operation,
    detached,
    unpushed,
  };
}

const NO_FILES = { uncommitted: [], untracked: [], submodules: [], operation: null } as const;

/** True when removing the worktree (not the branch) destroys something. */
export const worktreeHoldsWork = (losses: Losses): boolean =>
  losses.uncommitted.length + losses.untracked.length + losses.submodules.length + losses.detached.length > 0 ||
  losses.operation !== null;

/** Commits that `tip` has and no branch (but `except`), tag, remote or base has; newest first, at most 200. */
async function commitsOnlyIn(git: Git, tip: string, base: string, except: string | null): Promise<LostCommit[]> {
  const others = [...(except === null ? [] : [`--exclude=${except}`]), '--branches', '--tags', '--remotes'];
  const args = [
    'log',
    '-z',
    '--max-count=200',
    '--format=%H %s',
    '--not',
    ...others,
    '--not',
    '--end-of-options',
    tip,
    `^${base}`,
    '--',
  ];
  const { stdout } = await git.run(args);
  return stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => ({ commit: entry.slice(0, entry.indexOf(' ')), subject: entry.slice(entry.indexOf(' ') + 1) }));
}

/** Submodules (mode 160000) of the index whose directory has a `.git`: git itself refuses to remove around them. */
/** After `git init` the directory is a repository of its own, which goes with it. */
async function holdsOwnRepository(worktree: string): Promise<string[]> {
  const facts = await lstat(join(worktree, '.git')).catch(() => null);
  return facts?.isDirectory() === true ? ['.git'] : [];
}

async function filledSubmodules(git: Git): Promise<string[]> {
  const { stdout } = await git.run(['ls-files', '-z', '--stage'], { maxOutputBytes: 512 * 1024 * 1024 });
  const paths = stdout
    .split('\0')
    .flatMap((entry) => (entry.startsWith('160000 ') ? [entry.slice(entry.indexOf('\t') + 1)] : []));
  const filled: string[] = [];
  for (const path of paths) {
    const inside = await git.run(['-C', path, 'rev-parse', '--show-prefix'], { okCodes: [0, 128] });
    // An empty submodule directory still belongs to the outer repository, so it has a prefix in it.
    if (inside.exitCode === 0 && inside.stdout.trim() === '') filled.push(path);
  }
  return filled;
}
