import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';

/**
 * What git keeps about one linked worktree, in `<common dir>/worktrees/<id>`, read without git: an entry that was
 * killed while `commondir` was being written makes every `git worktree list` of the repository fail (git 2.39).
 */
export interface WorktreeFiles {
  readonly adminDir: string;
  readonly id: string;
  /** Contents without the line end; '' for an empty file, null for none. */
  readonly gitdir: string | null;
  readonly commondir: string | null;
  readonly head: string | null;
  readonly locked: string | null;
}

/** The lock git itself holds while it makes a worktree (we run it with LC_ALL=C). */
export const MAKING = 'initializing';

export async function readWorktreeFiles(commonDir: string): Promise<WorktreeFiles[]> {
  const directory = join(commonDir, 'worktrees');
  const read = async (id: string): Promise<WorktreeFiles> => {
    const [gitdir, commondir, head, locked] = await Promise.all(
      ['gitdir', 'commondir', 'HEAD', 'locked'].map((name) => textOf(join(directory, id, name))),
    );
    return {
      adminDir: join(directory, id),
      id,
      gitdir: gitdir ?? null,
      commondir: commondir ?? null,
      head: head ?? null,
      locked: locked ?? null,
    };
  };
  return Promise.all((await namesIn(directory)).map(read));
}

/**
 * True for an entry whose making was cut short. Git writes `locked`, `gitdir`, `HEAD` and `commondir` in this order
 * and removes `locked` at the end; each can be found empty. A person's own lock has another reason, or none.
 */
export const isUnfinished = (files: WorktreeFiles): boolean =>
  files.locked === MAKING || [files.gitdir, files.head, files.commondir].some((text) => text === null || text === '');

/** Names in a directory, sorted; none when it is missing. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The trimmed text of a small file, or null when it is missing or a directory. */
export async function textOf(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error) || systemCode(error) === 'EISDIR') return null;
    throw error;
  }
}

/** Milliseconds since `path` was last changed, or null when it is missing. A clock set back counts forward. */
export async function ageOf(path: string): Promise<number | null> {
  try {
    return Math.abs(Date.now() - (await stat(path)).mtimeMs);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

const isMissing = (error: unknown): boolean => systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';
