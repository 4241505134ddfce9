import { ConduxtError } from '../errors.ts';
import { changedFiles } from '../git/changes.ts';
import type { Git } from '../git/git.ts';
import { branchCommit } from '../git/refs.ts';
import type { TaskSpec } from '../session/record.ts';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import { requireTask, type HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

/** Files that the branches of other unfinished tasks of this repository also touch, by task name. */
export async function conflictsWithOthers(context: HostContext): Promise<Record<string, readonly string[]>> {
  const { home, runtimeDir, record } = context;
  const task = requireTask(context);
  const git = worktreeGit(context);
  const ours = new Set((await changedFiles(git, task.baseCommit, 'HEAD')).map((file) => file.path));
  const conflicts: Record<string, readonly string[]> = {};
  for (const { id, name } of listNames(home, record.repo?.key ?? null)) {
    if (id === record.id) continue;
    const other = readSessionOrNull(home, runtimeDir, id);
    if (
      other === null ||
      other.record.task === null ||
      other.folded.life.stopped ||
      other.state === 'failed' ||
      other.state === 'cancelled'
    )
      continue;
    const both = (await filesOf(git, other.record.task)).filter((file) => ours.has(file));
    if (both.length > 0) conflicts[name] = both;
  }
  return conflicts;
}

/** What another task has committed. Nothing when git cannot say: its trouble must not hold up this pull request. */
async function filesOf(git: Git, { branch, baseCommit }: TaskSpec): Promise<readonly string[]> {
  try {
    const commit = await branchCommit(git, branch);
    return commit === null ? [] : (await changedFiles(git, baseCommit, commit)).map((file) => file.path);
  } catch (error) {
    if (error instanceof ConduxtError) return [];
    throw error;
  }
}
