import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { systemCode, usageError } from '../errors.ts';

/**
 * Where a task's worktree goes: `../worktrees/<repo>/<task>` beside the main checkout, or below `worktreeRoot` (from
 * the configuration, relative to the main checkout).
 */
export function worktreePath(
  repo: { readonly root: string; readonly slug: string },
  task: string,
  worktreeRoot?: string,
): string {
  return resolve(repo.root, worktreeRoot ?? join('..', 'worktrees'), repo.slug, task);
}

/**
 * A worktree's path as git will list it, whether or not it exists: real parents, the last part as given.
 * @throws `invalid-worktree-path` (exit 2) for a relative path or one with a line end.
 */
export async function realPlace(path: string): Promise<string> {
  if (!isAbsolute(path) || path.includes('\n')) {
    throw usageError(
      'invalid-worktree-path',
      `A worktree path must be absolute and on one line: ${JSON.stringify(path)}.`,
    );
  }
  return join(await realParent(dirname(path)), basename(path));
}

/** The real path of the part that exists, the rest as given. */
async function realParent(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await realParent(dirname(path)), basename(path));
  }
}
