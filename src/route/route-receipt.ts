import type { Receipt } from '../session/receipt.ts';
import type { RouteDecision } from '../session/events.ts';
import type { TaskKind } from '../session/words.ts';
import { unreachable } from '../errors.ts';
import { fix, type RouteBudget } from './route-turn.ts';

/**
 * What an independent verification causes. Only `green` goes on to delivery; an investigation that changed nothing
 * is a report; everything the agent can mend is a fix round.
 * @param redAgain how often in a row, with this time, an agent committed nothing although the tests were red.
 */
export function routeReceipt(
  receipt: Receipt,
  kind: TaskKind,
  budget: Pick<RouteBudget, 'fixRoundsLeft'>,
  redAgain = 0,
): RouteDecision {
  const { verdict } = receipt;
  switch (verdict.type) {
    case 'green':
      return { type: 'deliver' };
    case 'red':
      return routeRed(receipt, budget, redAgain);
    case 'no-tests':
      return fix(`\`${receipt.command}\` ran no tests, which proves nothing`, budget);
    case 'dirty':
      return fix(`there are uncommitted changes: ${listed(verdict.files)}`, budget);
    case 'astray':
      return fix(`${verdict.why}; bring your work back to the branch you were given, on top of its base`, budget);
    case 'no-change':
      return kind === 'chore'
        ? { type: 'end', end: 'reported', reason: 'no code change was made; the report is the result' }
        : fix('what was committed changes nothing compared with the base branch', budget);
    case 'timeout':
      return fix(`\`${receipt.command}\` did not end within its time limit`, budget);
    case 'head-moved':
      return fix('the branch changed while its tests were running; leave it alone after the callback', budget);
    case 'not-runnable':
      return { type: 'end', end: 'failed', reason: notRunnable(receipt, verdict.reason) };
    default:
      return unreachable(verdict, 'verdict');
  }
}

function notRunnable({ fresh }: Receipt, reason: string): string {
  if (fresh === undefined) return `the verification command cannot be run: ${reason}`;
  const doubt = `its tests pass only in the worktree so far (${fresh.because})`;
  const goOn = '`conduxt verify` tries again, `conduxt pr` delivers then';
  return `${doubt}, and no fresh checkout of the commit could be made (${goOn}): ${fresh.why ?? reason}`;
}

/** An agent that mends nothing is told so once; a second time would cost another round for the same answer. */
function routeRed(receipt: Receipt, budget: Pick<RouteBudget, 'fixRoundsLeft'>, redAgain: number): RouteDecision {
  const command = `\`${receipt.command}\``;
  if (receipt.fresh?.result === 'red' && redAgain === 0) {
    const where = 'green in your worktree, red in a fresh checkout of the commit';
    return fix(`${command} is ${where}: something the tests need is not committed (${receipt.fresh.because})`, budget);
  }
  if (redAgain === 0) return fix(`${command} fails${counted(receipt)}`, budget);
  if (redAgain === 1) return fix(`nothing was committed since ${command} last failed, and it still does`, budget);
  return { type: 'end', end: 'failed', reason: `${command} fails, and two fix rounds committed nothing` };
}

const counted = (receipt: Receipt): string =>
  receipt.counts === null
    ? ` (exit code ${receipt.exitCode ?? receipt.signal ?? 'none'})`
    : ` (${receipt.counts.failed} failed, ${receipt.counts.passed} passed)`;

const listed = (files: readonly string[]): string =>
  files.length <= 5 ? files.join(', ') : `${files.slice(0, 5).join(', ')} and ${files.length - 5} more`;
