import { lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { isConfigChanged } from '../git/config-guard.ts';
import { messageOf, systemCode } from '../errors.ts';
import { fileStatus } from '../git/status.ts';
import type { HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

/**
 * Whether anything in a task's worktree changed since `sinceMs` (epoch): HEAD, or a file that git knows or does not ignore.
 * Null where nobody can say: without a task, no git of ours runs.
 */
export async function worktreeTouched(context: HostContext, sinceMs: number): Promise<boolean | null> {
  const { record, note } = context;
  if (record.task === null) return null;
  try {
    const git = worktreeGit(context);
    const isSince = (file: string): boolean => {
      const { ctimeMs, mtimeMs } = lstatSync(path.resolve(record.cwd, file));
      return Math.max(ctimeMs, mtimeMs) >= sinceMs;
    };
    const head = path.resolve(record.cwd, await git.line(['rev-parse', '--git-path', 'logs/HEAD']));
    // Every move of HEAD is in there; without a log of it, only its place is known.
    const moved = statSync(head, { throwIfNoEntry: false })?.mtimeMs;
    if (moved === undefined) {
      if ((await git.line(['rev-parse', 'HEAD'])) !== record.task.baseCommit) return null;
    } else if (moved >= sinceMs) return true;
    const { dirty, untracked } = await fileStatus(git);
    return [...dirty, ...untracked].some(isSince);
  } catch (error) {
    // A file that is gone, or settings that somebody planted since: both are changes.
    if (systemCode(error) === 'ENOENT' || isConfigChanged(error)) return true;
    note(`looking at the worktree: ${messageOf(error)}`);
    return null;
  }
}
