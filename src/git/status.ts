import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createGit, type Git } from './git.ts';
import { commitCount } from './changes.ts';
import { resolveCommit } from './refs.ts';

export interface WorktreeStatus {
  readonly head: string;
  /** Short name; null when HEAD is detached. */
  readonly branch: string | null;
  /** Tracked files with changes that are not committed, staged or not; unmerged ones too. */
  readonly dirty: readonly string[];
  /** Files git neither knows nor ignores. */
  readonly untracked: readonly string[];
  /** What git was in the middle of, or null. */
  readonly operation: 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect' | null;
  /** Commits on top of the `base` that was asked about; null when none was. */
  readonly ahead: number | null;
}

/** The state of the worktree at `path`. Reads only; takes no lock. */
export async function worktreeStatus(
  path: string,
  env: Readonly<Record<string, string>>,
  base?: string,
): Promise<WorktreeStatus> {
  const git = createGit({ cwd: path, env });
  const [files, head, branch] = [
    await fileStatus(git),
    (await resolveCommit(git, 'HEAD')) ?? '',
    await git.line(['symbolic-ref', '--quiet', '--short', 'HEAD'], { okCodes: [0, 1] }),
  ];
  return {
    head,
    branch: branch === '' ? null : branch,
    ...files,
    operation: await operationOf(git),
    ahead: base === undefined ? null : await commitCount(git, base, head),
  };
}

export interface FileStatus {
  readonly dirty: readonly string[];
  readonly untracked: readonly string[];
}

/** What git ignores in the worktree that `git` runs in: files, and whole directories with a slash at the end. */
export async function ignoredFiles(git: Git): Promise<readonly string[]> {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  return (await git.run(args, { mayBeCut: true })).stdout.split('\0').filter((path) => path !== '');
}

/** Uncommitted and unknown files of the worktree that `git` runs in; of very many, the first. */
export async function fileStatus(git: Git): Promise<FileStatus> {
  // Submodules are not entered: their own configuration could start programs.
  const args = ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=dirty', '--no-renames'];
  return parseStatus((await git.run(args, { mayBeCut: true })).stdout);
}

/**
 * Entries of `status --porcelain=v2 -z --no-renames`: `1 XY … path`, `u XY … path`, `? path`. A rename entry (`2`) is
 * read too, with the old path it brings along, in case a configuration insists on renames.
 */
export function parseStatus(text: string): FileStatus {
  const dirty: string[] = [];
  const untracked: string[] = [];
  const entries = text.split('\0');
  for (let at = 0; at < entries.length; at += 1) {
    const entry = entries[at] ?? '';
    const pathAfter = (fields: number): string => entry.split(' ').slice(fields).join(' ');
    if (entry.startsWith('1 ')) dirty.push(pathAfter(8));
    else if (entry.startsWith('u ')) dirty.push(pathAfter(10));
    else if (entry.startsWith('? ')) untracked.push(entry.slice(2));
    else if (entry.startsWith('2 ')) {
      dirty.push(pathAfter(9));
      at += 1;
    }
  }
  return { dirty, untracked };
}

/** Git leaves a file or directory per operation that waits to be continued. */
const OPERATION_MARKS = [
  ['MERGE_HEAD', 'merge'],
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
] as const;

async function operationOf(git: Git): Promise<WorktreeStatus['operation']> {
  const directory = resolve(git.cwd, await git.line(['rev-parse', '--git-dir']));
  return OPERATION_MARKS.find(([mark]) => existsSync(resolve(directory, mark)))?.[1] ?? null;
}
