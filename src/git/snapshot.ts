import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemCode } from '../errors.ts';
import { createGit, type Git } from './git.ts';
import { resolveCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { removeStaleLocksIn } from './stale-lock.ts';
import { syncRef } from './sync-refs.ts';

/** Where snapshots are kept. Hidden: neither pushed nor listed as a branch, and safe from `git gc`. */
export const SNAPSHOTS = 'refs/conduxt/snapshots';

export interface SnapshotName {
  /** Session id. */
  readonly session: string;
  /** ISO time; its colons and dots are left out of the ref's name. */
  readonly at: string;
}

export interface Snapshot {
  readonly ref: string;
  readonly commit: string;
  /** Directories whose contents git would not take: repositories inside the worktree. */
  readonly notSaved: readonly string[];
}

/** What a snapshot holds: a whole worktree, or the tip of a branch that was deleted. */
export type SnapshotKind = 'worktree' | 'branch';

export const snapshotRef = (name: SnapshotName, kind: SnapshotKind = 'worktree'): string =>
  `${snapshotsOf(name.session)}/${name.at.replace(/[^0-9TZ]/g, '')}${kind === 'branch' ? '-branch' : ''}`;

/** Where the snapshots of one session are. */
export const snapshotsOf = (session: string): string => `${SNAPSHOTS}/${session.replace(/[^A-Za-z0-9-]/g, '-')}`;

/** Conduxt's own commits; a person's identity is not used for what they did not write. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'conduxt',
  GIT_AUTHOR_EMAIL: 'conduxt@localhost',
  GIT_COMMITTER_NAME: 'conduxt',
  GIT_COMMITTER_EMAIL: 'conduxt@localhost',
};

/**
 * Saves everything in a worktree that is not ignored (index, tracked and untracked files) as a commit under a hidden
 * ref, without touching the worktree or its index. The shape is that of a stash: first parent HEAD, second the index.
 * `discarded-work.ts` brings it back.
 */
export async function snapshotWorktree(repo: Repository, worktree: string, name: SnapshotName): Promise<Snapshot> {
  const plain = createGit({ cwd: worktree, env: repo.env });
  const gitDir = resolve(worktree, await plain.line(['rev-parse', '--git-dir']));
  const index = join(gitDir, 'conduxt-snapshot-index');
  const git = createGit({ cwd: worktree, env: { ...repo.env, ...IDENTITY, GIT_INDEX_FILE: index } });
  const head = await resolveCommit(plain, 'HEAD');
  await rm(`${index}.lock`, { force: true });
  try {
    const hasIndex = await copyIndex(join(gitDir, 'index'), index);
    const staged = hasIndex ? await commitIndex(git, head === null ? [] : [head], `index of ${worktree}`) : null;
    await lookEverywhere(git, worktree);
    await git.run(['-c', 'core.safecrlf=false', '-c', 'advice.addEmbeddedRepo=false', 'add', '--all', '--', '.']);
    const parents = [head, staged].filter((commit) => commit !== null);
    const commit = await commitIndex(git, parents, `conduxt snapshot of ${worktree}`);
    if (commit === null) throw new Error(`the index of ${worktree} cannot be written as a tree`);
    const notSaved = await embeddedRepositories(git, head);
    return { ...(await keepCommit(repo, name, commit, 'worktree')), notSaved };
  } finally {
    await rm(index, { force: true });
  }
}

/**
 * An index can be told not to look at a file (`update-index --assume-unchanged`, `--skip-worktree`): what was written
 * there would be lost. Where nothing stands, a sparse checkout left the file out, and HEAD has it.
 */
async function lookEverywhere(git: Git, worktree: string): Promise<void> {
  const listed = await git.run(['ls-files', '-v', '-z'], { maxOutputBytes: 512 * 1024 * 1024 });
  const flagged = listed.stdout.split('\0').filter((entry) => /^[a-zS] /.test(entry));
  const files = (tag: RegExp): string[] =>
    flagged
      .filter((entry) => tag.test(entry))
      .map((entry) => entry.slice(2))
      .filter((file) => existsSync(join(worktree, file)));
  for (const [flag, paths] of [
    ['--no-skip-worktree', files(/^[Ss]/)],
    ['--no-assume-unchanged', files(/^[a-z]/)],
  ] as const) {
    if (paths.length > 0) await git.run(['update-index', flag, '-z', '--stdin'], { input: paths.join('\0') });
  }
}

/**
 * Puts `commit` under a snapshot's name, synced. The same name again replaces the commit. Locks that an earlier try left
 * among the session's snapshots go: only conduxt writes there, and each try has a name of its own that nobody asks for again.
 */
export async function keepCommit(
  repo: Repository,
  name: SnapshotName,
  commit: string,
  kind: SnapshotKind,
): Promise<{ ref: string; commit: string }> {
  const ref = snapshotRef(name, kind);
  await removeStaleLocksIn(join(repo.commonDir, snapshotsOf(name.session)));
  await repo.git.run(['update-ref', '-m', 'conduxt snapshot', '--end-of-options', ref, commit]);
  await syncRef(repo.commonDir, ref);
  return { ref, commit };
}

async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await rm(to, { force: true });
    return false;
  }
}

/** The commit, or null for an index with unmerged entries, which has no tree. */
async function commitIndex(git: Git, parents: readonly string[], message: string): Promise<string | null> {
  const tree = await git.run(['write-tree'], { okCodes: [0, 128] });
  if (tree.exitCode !== 0) return null;
  const args = [
    'commit-tree',
    '--no-gpg-sign',
    ...parents.flatMap((parent) => ['-p', parent]),
    '--end-of-options',
    tree.stdout.trim(),
  ];
  return git.line(args, { input: `${message}\n` });
}

/** Repositories inside the worktree that HEAD does not know as submodules: git records only their commit. */
async function embeddedRepositories(git: Git, head: string | null): Promise<string[]> {
  const gitlinks = (text: string): string[] =>
    text.split('\0').flatMap((entry) => (entry.startsWith('160000 ') ? [entry.slice(entry.indexOf('\t') + 1)] : []));
  const large = { maxOutputBytes: 512 * 1024 * 1024 };
  const now = gitlinks((await git.run(['ls-files', '-z', '--stage'], large)).stdout);
  if (now.length === 0) return [];
  const before =
    head === null
      ? []
      : gitlinks((await git.run(['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', head], large)).stdout);
  return now.filter((path) => !before.includes(path));
}
