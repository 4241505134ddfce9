import { ConduxtError, unreachable } from '../errors.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import { branchCommit } from '../git/refs.ts';
import { pushBranch, type RejectionReason } from '../git/push.ts';
import { whyAstray } from '../git/true-status.ts';
import type { StepOutcome } from '../session/events.ts';
import { listed } from '../views/receipt.ts';
import { committedBrought } from './brought-files.ts';
import { requireTask, type HostContext } from './context.ts';
import { makeSafe } from './make-safe.ts';
import { mainGit, worktreeGit } from './worktree-git.ts';
import { uncommittedFiles } from './worktree-state.ts';

/** Pushes the task's branch: only ever forwards, only from the commit that was verified. */
export async function pushTaskBranch(context: HostContext): Promise<StepOutcome> {
  const { log, record } = context;
  const task = requireTask(context);
  const { remote } = task.delivery;
  const git = mainGit(context);
  const verified = log.folded.delivery.receipt?.commit;
  const commit = verified ?? (await branchCommit(git, task.branch));
  // A verification has done so.
  if (verified === undefined && commit !== null) await makeSafe(context, commit);
  if (remote === null) return { type: 'skipped', why: 'the repository has no remote' };
  if (commit === null) return blocked(`branch ${task.branch} is gone`, `conduxt retry ${record.name} begins again`);
  try {
    const unready = await whyUnready(context, commit);
    if (unready !== null)
      return blocked(unready, `Have it committed (conduxt tell ${record.name} "…"), then: conduxt pr ${record.name}`);
    const brought = await committedBrought(git, task, commit);
    if (brought.length > 0) {
      return blocked(
        `it holds ${listed(brought)}, which was copied from your checkout and may hold secrets`,
        `Take it out of the branch and its history (conduxt tell ${record.name} "…"), then: conduxt pr ${record.name}`,
      );
    }
    const result = await pushBranch({
      git,
      remote,
      branch: task.branch,
      commit,
      // A pull request that is continued stands at the remote where our work on it began.
      expectedRemote:
        log.folded.delivery.pushedCommit ?? (task.delivery.pullRequestNumber === null ? null : task.baseCommit),
      baseCommit: task.baseCommit,
    });
    if (result.type === 'pushed') return { type: 'pushed', remote, commit };
    const why = context.redact(whatGitSays(result.detail));
    return blocked(
      why,
      `The work is safe in its branch. ${wayOn(result, remote, task.branch)} conduxt pr ${record.name}`,
    );
  } catch (error) {
    if (!(error instanceof ConduxtError) || isConfigChanged(error)) throw error;
    return blocked(
      context.redact(error.message),
      `The work is safe in its branch. When the remote is reachable: conduxt pr ${record.name}`,
    );
  }
}

/** Why work that nobody verified is not what would be pushed, as a clause; a verification has looked at that already. */
async function whyUnready(context: HostContext, commit: string): Promise<string | null> {
  const task = requireTask(context);
  if (task.verify.type === 'command') return null;
  const astray = await whyAstray(worktreeGit(context), task.branch, task.baseCommit);
  if (astray !== null) return astray;
  const files = await uncommittedFiles(context);
  if (files.length > 0) return `there are uncommitted changes: ${listed(files)}`;
  return commit === task.baseCommit ? 'nothing was committed on top of the base' : null;
}

const blocked = (why: string, remedy: string): StepOutcome => ({
  type: 'blocked',
  why: `the branch could not be pushed: ${why}`,
  remedy,
});

/** Git's own reason, without the advice that stands under it on every failure. */
function whatGitSays(detail: string): string {
  const lines = detail.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^(?:fatal|error|remote): /.test(line)) ?? lines[0] ?? 'git gave no reason';
}

function wayOn(
  result: { type: 'unreachable' } | { type: 'rejected'; why: RejectionReason },
  remote: string,
  branch: string,
): string {
  if (result.type === 'unreachable') return 'When the remote is reachable:';
  switch (result.why) {
    case 'taken':
    case 'moved':
      return `Fetch and merge ${remote}/${branch} into it in the worktree, then:`;
    case 'gone':
      return `Push it by hand once if it shall be there again (git push ${remote} ${branch}), then:`;
    case 'declined':
      return 'When the remote allows it:';
    default:
      return unreachable(result.why, 'rejection');
  }
}
