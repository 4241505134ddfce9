import type { EndedTurn } from '../session/fold/turns.ts';
import type { RouteDecision, TurnFailure } from '../session/events.ts';
import { unreachable } from '../errors.ts';

/** What routing needs to know besides the turn itself. */
export interface RouteBudget {
  readonly fixRoundsLeft: number;
  readonly remindersLeft: number;
  readonly recoveriesLeft: number;
  /** Another prompt is owed: what this turn said is overtaken by it. */
  readonly promptOwed: boolean;
}

/**
 * What the end of a task's turn causes. Pure if/else over the callback and the verdict: nobody interprets prose.
 * `end_turn` without a valid callback is never a success.
 */
export function routeTurn(turn: EndedTurn, budget: RouteBudget): RouteDecision {
  const { end } = turn;
  if (budget.promptOwed) return { type: 'nothing', why: 'superseded' };
  switch (end.verdict) {
    case 'cancelled':
      return { type: 'nothing', why: 'cancelled' };
    case 'unknown':
      return budget.recoveriesLeft > 0
        ? { type: 'recover' }
        : fail('the agent was interrupted again and again; the outcome of its last turn is unknown');
    case 'failed':
      return routeFailure(end.failure ?? 'agent-error', end.detail, budget);
    case 'done':
      return routeCallback(turn, budget);
    default:
      return unreachable(end.verdict, 'verdict');
  }
}

function routeCallback(turn: EndedTurn, budget: RouteBudget): RouteDecision {
  const result = turn.end.callback;
  switch (result.type) {
    case 'missing':
      return remind('your message ended without a callback-json block', budget);
    case 'malformed':
      return remind(result.problem, budget);
    case 'valid': {
      const { callback } = result;
      switch (callback.status) {
        case 'failed':
          return fail(
            callback.summary === '' ? 'the agent gave up without a reason' : `the agent gave up: ${callback.summary}`,
          );
        case 'need_clarification':
          return { type: 'clarify', question: callback.summary };
        case 'completed': {
          const failing = callback.test_results?.failed ?? 0;
          return failing > 0
            ? fix(`${failing} ${failing === 1 ? 'test is' : 'tests are'} failing by your own count`, budget)
            : { type: 'deliver' };
        }
        default:
          return unreachable(callback.status, 'callback status');
      }
    }
    default:
      return unreachable(result, 'callback result');
  }
}

/** Some failures are worth another word to the agent; others would only repeat themselves. */
function routeFailure(failure: TurnFailure, detail: string | undefined, budget: RouteBudget): RouteDecision {
  const because = detail === undefined || detail === '' ? '' : `: ${detail}`;
  switch (failure) {
    case 'empty-turn':
    case 'agent-error':
    case 'unknown-stop-reason':
    case 'max-tokens':
    case 'max-turn-requests':
      return remind(`the last turn broke off (${failure}${because})`, budget);
    case 'agent-exited':
    case 'host-lost':
      return budget.recoveriesLeft > 0
        ? { type: 'recover' }
        : fail(`the agent ended in the middle of its work${because}`);
    case 'auth-required':
      return fail(`the agent is not logged in${because}`);
    case 'refusal':
      return fail(`the agent refused the task${because}`);
    case 'no-first-sign':
      return fail(`the agent gave no sign of life${because}`);
    case 'turn-timeout':
      return fail(`the agent did not finish in time${because}`);
    case 'cancel-timeout':
      return { type: 'nothing', why: 'cancelled' };
    default:
      return unreachable(failure, 'failure');
  }
}

function remind(problem: string, budget: RouteBudget): RouteDecision {
  return budget.remindersLeft > 0
    ? { type: 'remind', problem }
    : fail(`no valid callback after the last reminder: ${problem}`);
}

export function fix(reason: string, budget: Pick<RouteBudget, 'fixRoundsLeft'>): RouteDecision {
  return budget.fixRoundsLeft > 0 ? { type: 'fix', reason } : fail(`no fix rounds left: ${reason}`);
}

const fail = (reason: string): RouteDecision => ({ type: 'end', end: 'failed', reason });
