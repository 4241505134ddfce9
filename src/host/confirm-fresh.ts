import { monotonicMs } from '../clock.ts';
import { ConduxtError, messageOf } from '../errors.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import type { FreshRun, Receipt } from '../session/receipt.ts';
import { sameLack, type CheckoutRun } from '../verify/same-lack.ts';
import { changedSince } from '../verify/uncarried.ts';
import { listed } from '../views/receipt.ts';
import { checkBaseline } from './baseline.ts';
import { requireTask, type HostContext } from './context.ts';
import { testInFreshCheckout } from './fresh-checkout.ts';
import { setUpAtMs, uncarriedPaths } from './worktree-state.ts';

/** Enough to know what it is about. */
const MAX_NAMED = 3;

/**
 * A pass in the task's worktree is the commit's own only when nothing else can have helped. When something may have, the
 * same command decides in a fresh checkout of the commit.
 * @param leftBefore what an earlier test run had left in the worktree, and git does not ignore
 * @returns the receipt that counts; null when it was interrupted
 */
export async function confirmFresh(
  context: HostContext,
  receipt: Receipt,
  leftBefore: readonly string[],
  signal: AbortSignal,
): Promise<Receipt | null> {
  const { verify } = requireTask(context);
  if (receipt.verdict.type !== 'green' || verify.type !== 'command') return receipt;
  const reason = await whyNeeded(context, receipt, leftBefore);
  const because = reason ?? (verify.fresh === 'always' ? 'verify.fresh is always' : null);
  if (because === null) return receipt;
  if (verify.fresh === 'never') return withFresh(receipt, { because, result: 'off', durationMs: 0 });
  await context.log.appendPatiently({
    type: 'milestone',
    text: context.redact(`testing once more in a fresh checkout: ${because}`),
  });
  const startedAt = monotonicMs();
  const judged = await judge(context, receipt, signal);
  const durationMs = Math.round(monotonicMs() - startedAt);
  if (judged === null) return null;
  return withFresh(judged.receipt, { ...judged.fresh, because, durationMs });
}

const withFresh = (receipt: Receipt, fresh: FreshRun): Receipt => ({ ...receipt, fresh });

/** What of the worktree git does not carry, as a clause; null when there is nothing of that kind. */
async function whyNeeded(
  context: HostContext,
  receipt: Receipt,
  leftBefore: readonly string[],
): Promise<string | null> {
  const { changedByTests = [] } = receipt;
  if (changedByTests.length > 0) return `the tests changed ${listed(changedByTests, MAX_NAMED)}`;
  if (leftBefore.length > 0) return `an earlier run of the tests left ${listed(leftBefore, MAX_NAMED)}`;
  const paths = await uncarriedPaths(context);
  const changed = await changedSince(context.record.cwd, paths, setUpAtMs(context), MAX_NAMED + 1);
  if (changed.length === 0) return null;
  return `files that git does not track changed since the set-up: ${listed(changed, MAX_NAMED)}`;
}

interface Judged {
  readonly receipt: Receipt;
  readonly fresh: Pick<FreshRun, 'result' | 'why'>;
}

async function judge(context: HostContext, receipt: Receipt, signal: AbortSignal): Promise<Judged | null> {
  const run = await testCommit(context, receipt.commit, signal);
  if (run === null || signal.aborted) return null;
  if (run.type === 'none') {
    // What is in doubt may not stand only because its judge was kept away: the agent could see to that.
    const verdict = { type: 'not-runnable', reason: 'no fresh checkout to confirm the pass in' } as const;
    return { receipt: { ...receipt, verdict }, fresh: unjudged(context, run.why) };
  }
  if (run.type === 'tested' && run.receipt.verdict.type === 'green') return { receipt, fresh: { result: 'green' } };
  const base = await checkBaseline(context, signal);
  if (signal.aborted) return null;
  const lack = base === null ? null : sameLack(run, base);
  if (lack !== null) return { receipt, fresh: unjudged(context, `the base commit is not green there either: ${lack}`) };
  return { receipt: redReceipt(receipt, run), fresh: { result: 'red' } };
}

const unjudged = (context: HostContext, why: string): Judged['fresh'] => ({
  result: 'unjudged',
  why: context.redact(why),
});

/** The second try finds what stood in the way of the first cleared. @returns null when it was interrupted */
async function testCommit(
  context: HostContext,
  commit: string,
  signal: AbortSignal,
): Promise<CheckoutRun | { readonly type: 'none'; readonly why: string } | null> {
  for (let triesLeft = 1; ; triesLeft -= 1) {
    try {
      return await testInFreshCheckout(context, commit, 'fresh', signal);
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof ConduxtError) || isConfigChanged(error)) throw error;
      context.note(`fresh checkout: ${context.redact(messageOf(error))}`);
      if (triesLeft === 0) return { type: 'none', why: messageOf(error) };
    }
  }
}

/** The receipt of the run that counts, with what is known of the worktree. */
function redReceipt(receipt: Receipt, run: CheckoutRun): Receipt {
  const { changedJudges, changedByTests } = receipt;
  const kept = { changedJudges, ...(changedByTests === undefined ? {} : { changedByTests }) };
  if (run.type === 'not-set-up')
    return { ...receipt, ...kept, exitCode: null, counts: null, verdict: { type: 'red', excerpt: run.excerpt } };
  const { verdict } = run.receipt;
  const excerpt = 'excerpt' in verdict ? verdict.excerpt : 'reason' in verdict ? verdict.reason : verdict.type;
  return { ...run.receipt, ...kept, verdict: { type: 'red', excerpt } };
}
