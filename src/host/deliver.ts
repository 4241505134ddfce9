import path from 'node:path';
import { isoTime } from '../clock.ts';
import { refused, unavailable, unreachable } from '../errors.ts';
import { changedFiles, headCommit } from '../git/changes.ts';
import { treeAt } from '../git/tree.ts';
import { whyAstray } from '../git/true-status.ts';
import { routeReceipt } from '../route/route-receipt.ts';
import type { StepReply } from '../control/protocol.ts';
import type { StepName, StepOutcome } from '../session/events.ts';
import { isRedAgain } from '../session/fold/delivery.ts';
import type { Receipt } from '../session/receipt.ts';
import { verificationEnvironment } from '../verify/environment.ts';
import { verify } from '../verify/verify.ts';
import { stepMarker } from './agent-seat.ts';
import { requireTask, type HostContext } from './context.ts';
import { checkBaseline } from './baseline.ts';
import { confirmFresh } from './confirm-fresh.ts';
import { redacted } from './fresh-checkout.ts';
import { makeSafe } from './make-safe.ts';
import { movedBranches } from './moved-branches.ts';
import { openPullRequest } from './open-pull-request.ts';
import { pushTaskBranch } from './push-branch.ts';
import { budgetOf } from './route-last-turn.ts';
import { insideSandbox } from './sandbox.ts';
import { worktreeGit } from './worktree-git.ts';
import { uncommittedStatus } from './worktree-state.ts';

/** Does one planned step. A verification that `signal` aborts leaves no record: the task was ended or the host leaves. */
export async function runStep(
  context: HostContext,
  planId: string,
  step: StepName,
  signal: AbortSignal,
): Promise<void> {
  const { log } = context;
  await log.appendPatiently({ type: 'step-started', planId, step });
  if (signal.aborted) return;
  const outcome = await perform(context, planId, step, signal);
  // A push that happened has happened, whoever ended the task meanwhile.
  if (outcome === null || (signal.aborted && outcome.type === 'ok')) return;
  await log.appendPatiently({ type: 'step-finished', planId, step, outcome });
}

async function perform(
  context: HostContext,
  planId: string,
  step: StepName,
  signal: AbortSignal,
): Promise<StepOutcome | null> {
  switch (step) {
    case 'verify': {
      const receipt = await verifyTask(context, signal);
      if (receipt === null) return null;
      if (receipt.verdict.type === 'red') await checkBaseline(context, signal);
      if (signal.aborted) return null;
      const { delivery } = context.log.folded;
      const redAgain = isRedAgain(delivery.receipt, receipt) ? delivery.redAgain + 1 : 0;
      const decision = routeReceipt(receipt, requireTask(context).kind, budgetOf(context), redAgain);
      await context.log.appendPatiently({ type: 'verification-finished', planId, receipt, decision });
      return { type: 'ok' };
    }
    case 'push':
      return pushTaskBranch(context);
    case 'pull-request':
      return openPullRequest(context);
    default:
      return unreachable(step, 'step');
  }
}

/** Runs the tests at the committed state, also in a fresh checkout where that says more. Null when interrupted. */
async function verifyTask(context: HostContext, signal: AbortSignal): Promise<Receipt | null> {
  const { record, env, paths, clock, redact } = context;
  const task = requireTask(context);
  if (task.verify.type !== 'command') throw new Error('a task without a test command has no verify step');
  const git = worktreeGit(context);
  // What it finds before it runs anything: by then, all of it was left by an earlier run of the tests.
  let leftBefore: readonly string[] | undefined;
  const receipt = await verify({
    worktree: record.cwd,
    plan: task.verify,
    baseTree: treeAt(git, task.baseCommit),
    env: verificationEnvironment(env),
    ...insideSandbox(context),
    secrets: context,
    logFile: path.join(paths.run, `verify-${clock.now()}.log`),
    sessionId: stepMarker(record.id),
    signal,
    now: () => isoTime(clock.now()),
    head: () => headCommit(git),
    astray: () => whyAstray(git, task.branch, task.baseCommit),
    dirty: async () => {
      const status = await uncommittedStatus(context);
      leftBefore ??= [...status.dirty, ...status.untracked];
      return status;
    },
    changed: async () =>
      (await changedFiles(git, task.baseCommit, 'HEAD')).flatMap(({ path: file, from }) =>
        from === null ? [file] : [file, from],
      ),
  });
  if (signal.aborted) return null;
  const judged = await confirmFresh(context, redacted(receipt, redact), leftBefore ?? [], signal);
  if (judged === null) return null;
  await makeSafe(context, judged.commit);
  const moved = await movedBranches(context);
  return moved.length === 0 ? judged : { ...judged, movedBranches: moved };
}

/**
 * `conduxt verify` and `conduxt pr`: the same steps, asked for by a person. A pull request is only opened for a commit
 * that was seen to pass, or for work whose verification a person switched off.
 */
export async function runStepByHand(
  context: HostContext,
  step: 'verify' | 'pull-request',
  signal: AbortSignal,
): Promise<StepReply> {
  const { record, log } = context;
  if (record.task === null || log.folded.delivery.worktree === null) {
    throw refused(
      'no-task',
      `Session ${record.name} has no task with a worktree, so there is nothing to ${step === 'verify' ? 'verify' : 'deliver'}.`,
    );
  }
  if (step === 'verify') return { step, receipt: await verifyByHand(context, signal) };
  if (record.task.verify.type === 'command') await requireGreen(context, signal);
  if (record.task.verify.type === 'missing' && log.folded.life.ended?.end !== 'delivered') {
    throw refused('not-verified', `No test command was found for ${record.name}, so nothing has verified it.`, {
      remedy: `Answer the question whether to deliver it unverified: conduxt answer ${record.name} deliver`,
    });
  }
  for (const name of ['push', 'pull-request'] as const) {
    const outcome = await perform(context, 'by-hand', name, signal);
    if (outcome === null) throw unavailable('interrupted', 'The step was interrupted.');
    const planId = log.folded.delivery.plan?.planId ?? 'by-hand';
    await log.append({ type: 'step-finished', planId, step: name, outcome });
    if (outcome.type === 'blocked' || name === 'pull-request') return { step: name, outcome };
  }
  throw new Error('the pull request step gave no outcome');
}

async function verifyByHand(context: HostContext, signal: AbortSignal): Promise<Receipt> {
  const task = requireTask(context);
  if (task.verify.type !== 'command') {
    throw refused('nothing-to-verify', `Task ${context.record.name} has no test command.`, {
      remedy: 'Start it with --verify "<command>", or set verify.command in conduxt.json.',
    });
  }
  const receipt = await verifyTask(context, signal);
  if (receipt === null) throw unavailable('interrupted', 'The verification was interrupted.');
  await context.log.append({ type: 'verification-finished', planId: null, receipt, decision: null });
  return receipt;
}

async function requireGreen(context: HostContext, signal: AbortSignal): Promise<void> {
  const known = context.log.folded.delivery.receipt;
  const head = await headCommit(worktreeGit(context));
  const receipt =
    known?.verdict.type === 'green' && known.commit === head ? known : await verifyByHand(context, signal);
  if (receipt.verdict.type === 'green') return;
  throw refused(
    'not-verified',
    `The tests of ${context.record.name} do not pass (${receipt.verdict.type}), so no pull request is opened.`,
    {
      remedy: `Tell the agent what to mend with conduxt tell ${context.record.name} "…".`,
    },
  );
}
