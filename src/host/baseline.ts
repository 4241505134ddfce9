import { messageOf } from '../errors.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import type { CheckoutRun } from '../verify/same-lack.ts';
import { requireTask, type HostContext } from './context.ts';
import { testInFreshCheckout } from './fresh-checkout.ts';

/**
 * Runs the tests of the base commit in a fresh checkout, once per task, to tell what was red before the agent came. Only
 * when a verification was red: the green way pays nothing for it. A baseline that cannot be had is no reason to stop.
 * @returns null when there is none
 */
export async function checkBaseline(context: HostContext, signal: AbortSignal): Promise<CheckoutRun | null> {
  const { log } = context;
  const known = log.folded.delivery.baseline;
  if (known !== null) return { type: 'tested', receipt: known };
  try {
    const run = await testInFreshCheckout(context, requireTask(context).baseCommit, 'baseline', signal);
    if (run?.type === 'tested') await log.appendPatiently({ type: 'baseline-checked', receipt: run.receipt });
    return run;
  } catch (error) {
    if (isConfigChanged(error)) throw error;
    context.note(`baseline: ${context.redact(messageOf(error))}`);
    return null;
  }
}
