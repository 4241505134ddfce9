import { changedFiles } from '../git/changes.ts';
import { listNames, readSession } from '../store/read-session.ts';
import { requireTask, type HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';
import { branchCommit } from '../git/refs.ts';

/** Files that the branches of other unfinished tasks of this repository also touch, by task name. */
export async function conflictsWithOthers(context: HostContext): Promise<Record<string, readonly string[]>> {
  const { home, runtimeDir, record } = context;
  const task = requireTask(context);
  const git = worktreeGit(context);
  const ours = new Set((await changedFiles(git, task.baseCommit, 'HEAD')).map((file) => file.path));
  const conflicts: Record<string, readonly string[]> = {};
  for (const { id, name } of listNames(home, record.repo?.key ?? null)) {
    if (id === record.id) continue;
    const other = readSession(home, runtimeDir, id);
    if (
      other === null ||
      other.record.task === null ||
      other.folded.life.stopped ||
      other.state === 'failed' ||
      other.state === 'cancelled'
    )
      continue;
    const commit = await branchCommit(git, other.record.task.branch);
    if (commit === null) continue;
    const theirs = (await changedFiles(git, other.record.task.baseCommit, commit)).map((file) => file.path);
    const both = theirs.filter((file) => ours.has(file));
    if (both.length > 0) conflicts[name] = both;
  }
  return conflicts;
}
