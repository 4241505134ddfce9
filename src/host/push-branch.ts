import { ConduxtError } from '../errors.ts';
import { branchCommit } from '../git/refs.ts';
import { pushBranch } from '../git/push.ts';
import type { StepOutcome } from '../session/events.ts';
import { requireTask, type HostContext } from './context.ts';
import { mainGit } from './worktree-git.ts';

/** Pushes the task's branch: only ever forwards, only from the commit that was verified. */
export async function pushTaskBranch(context: HostContext): Promise<StepOutcome> {
  const { log, record } = context;
  const task = requireTask(context);
  const { remote } = task.delivery;
  if (remote === null) return { type: 'skipped', why: 'the repository has no remote' };
  const git = mainGit(context);
  const commit = log.folded.delivery.receipt?.commit ?? (await branchCommit(git, task.branch));
  if (commit === null) return blocked(record.name, `branch ${task.branch} is gone`);
  try {
    const result = await pushBranch({
      git,
      remote,
      branch: task.branch,
      commit,
      expectedRemote: log.folded.delivery.pushedCommit,
      baseCommit: task.baseCommit,
    });
    if (result.type === 'pushed') return { type: 'pushed', remote, commit };
    return blocked(record.name, context.redact(result.detail));
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    return blocked(record.name, context.redact(error.message));
  }
}

const blocked = (name: string, why: string): StepOutcome => ({
  type: 'blocked',
  why: `the branch could not be pushed: ${why}`,
  remedy: `The work is safe in its branch. When the remote is reachable: conduxt pr ${name}`,
});
