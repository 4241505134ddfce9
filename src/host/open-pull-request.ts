import { backendNow } from '../session/backend.ts';
import { ConduxtError, isDiskFull } from '../errors.ts';
import { changedFiles } from '../git/changes.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import { openForge } from '../forge/choose.ts';
import { pullRequestBody, pullRequestTitle } from '../forge/pull-request-text.ts';
import type { StepOutcome } from '../session/events.ts';
import { repoPaths } from '../store/paths.ts';
import { version } from '../version.ts';
import { conflictsWithOthers } from './conflicts.ts';
import { requireTask, type HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

/** Opens the task's pull request, or brings the open one up to date. What stands in its way leaves the work safe and names the remedy. */
export async function openPullRequest(context: HostContext): Promise<StepOutcome> {
  const { log, record, env, home } = context;
  const task = requireTask(context);
  const { delivery } = log.folded;
  if (
    delivery.blocked !== null &&
    delivery.plan?.steps.some((step) => step.name === 'push' && step.outcome?.type === 'blocked')
  ) {
    return { type: 'skipped', why: 'the branch is not at the remote' };
  }
  try {
    const forge = openForge({
      name: task.delivery.forge,
      root: record.repo?.root ?? record.cwd,
      remote: task.delivery.remote,
      env,
      pullRequestsDir: repoPaths(home, record.repo?.key ?? '').pullRequests,
    });
    const conflicts = await conflictsWithOthers(context);
    const known = await forge.findPullRequest(task.branch);
    const files = await changedFiles(worktreeGit(context), task.baseCommit, 'HEAD');
    const body = pullRequestBody({
      task: record.name,
      summary: summaryOf(context),
      source: task.source,
      receipt: delivery.receipt,
      files,
      conflicts,
      agent: record.agent.name,
      agentVersion: log.folded.life.agent.version,
      backend: backendNow(record, log.folded),
      version,
      redact: context.redact,
    });
    if (known?.state === 'open') {
      const { url, number } = known;
      const updated = await forge.updatePullRequest(known, body);
      return { type: 'pull-request', url, number, created: false, updated, conflicts };
    }
    const { url, number } = await forge.createPullRequest({
      title: context.redact(pullRequestTitle(task.kind, task.title)),
      body,
      head: task.branch,
      base: task.base,
      draft: task.delivery.draft,
    });
    return { type: 'pull-request', url, number, created: true, conflicts };
  } catch (error) {
    // Room comes, or it does not; a task that is called completed before its pull request is there would have to be told twice.
    if (!(error instanceof ConduxtError) || isConfigChanged(error) || isDiskFull(error)) throw error;
    const remedy = error.remedy === undefined ? '' : `${error.remedy} Then: `;
    return { type: 'blocked', why: context.redact(error.message), remedy: `${remedy}conduxt pr ${record.name}` };
  }
}

function summaryOf({ log }: HostContext): string {
  const result = log.folded.turns.last?.end.callback;
  return result?.type === 'valid' ? result.callback.summary : '';
}
