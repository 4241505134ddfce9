import { ConduxtError } from '../errors.ts';
import { changedFiles } from '../git/changes.ts';
import type { Git } from '../git/git.ts';
import { branchCommit } from '../git/refs.ts';
import type { TaskSpec } from '../session/record.ts';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import { requireTask, type HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

/** Of finished tasks, whose pull requests may still be open, only the newest are compared: each costs two gits. */
const MAX_ENDED = 20;

const youngestFirst = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? 1 : -1);

/**
 * Files that the branches of other tasks of this repository also touch, by task name: of those that are unfinished, or
 * have a pull request, with what our base does not have yet.
 */
export async function conflictsWithOthers(context: HostContext): Promise<Record<string, readonly string[]>> {
  const { home, runtimeDir, record } = context;
  const task = requireTask(context);
  const git = worktreeGit(context);
  const ours = new Set((await changedFiles(git, task.baseCommit, 'HEAD')).map((file) => file.path));
  const conflicts: Record<string, readonly string[]> = {};
  let ended = 0;
  for (const { id, name } of listNames(home, record.repo?.key ?? null).toSorted(youngestFirst)) {
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
    if (other.folded.life.ended !== null && other.folded.delivery.pullRequest === null) continue;
    if (other.folded.life.ended !== null && (ended += 1) > MAX_ENDED) continue;
    const both = (await filesOf(git, other.record.task, task.baseCommit)).filter((file) => ours.has(file));
    if (both.length > 0) conflicts[name] = both;
  }
  return conflicts;
}

/**
 * What another task has committed that is not in `ourBase` yet: merged or squashed, it is nobody's conflict any more.
 * Nothing when git cannot say: its trouble must not hold up this pull request.
 */
async function filesOf(git: Git, { branch, baseCommit }: TaskSpec, ourBase: string): Promise<readonly string[]> {
  try {
    const commit = await branchCommit(git, branch);
    if (commit === null) return [];
    const merged = await git.run(['merge-base', '--is-ancestor', '--end-of-options', commit, ourBase], {
      okCodes: [0, 1],
    });
    if (merged.exitCode === 0) return [];
    const still = new Set((await changedFiles(git, ourBase, commit)).map((file) => file.path));
    return (await changedFiles(git, baseCommit, commit)).map((file) => file.path).filter((file) => still.has(file));
  } catch (error) {
    if (error instanceof ConduxtError) return [];
    throw error;
  }
}
