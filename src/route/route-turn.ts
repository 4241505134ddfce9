import type { EndedTurn } from '../session/fold/turns.ts';
import type { RouteDecision, TurnFailure } from '../session/events.ts';
import { unreachable } from '../errors.ts';
import type { OnCrash } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';

/** An agent that names a minute again and again is asked less often all the same. */
const MAX_BELIEVED = 5;
const LAST_WORDS_CHARS = 200;

/** What routing needs to know besides the turn itself. */
export interface RouteBudget {
  readonly fixRoundsLeft: number;
  readonly remindersLeft: number;
  readonly recoveriesLeft: number;
  /** How long to wait before reminding an agent that did nothing at all, this time. */
  readonly reminderPauseMs: number;
  /** Another prompt is owed: what this turn said is overtaken by it. */
  readonly promptOwed: boolean;
  /** How often in a row the agent's model had no answer for us; and the time, for when to ask it again. */
  readonly waits: number;
  readonly nowMs: number;
  readonly onCrash: OnCrash;
}

/** As long as the agent names no time: 3, 6, 12, 24, 48 minutes, then every hour. */
const FIRST_WAIT_MS = 3 * 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;
/** Behind a time that the agent named in whole seconds: to be early costs a whole wait more. */
const AFTER_RESET_MS = 2_000;

/**
 * What the end of a task's turn causes. Pure if/else over the callback and the verdict: nobody interprets prose.
 * `end_turn` without a valid callback is never a success.
 */
export function routeTurn(turn: EndedTurn, budget: RouteBudget): RouteDecision {
  const { end } = turn;
  if (budget.promptOwed && !holdsPrompts(turn, budget)) return { type: 'nothing', why: 'superseded' };
  if (turn.cancelRequested && end.verdict === 'done') return { type: 'nothing', why: 'cancelled' };
  switch (end.verdict) {
    case 'cancelled':
      return { type: 'nothing', why: 'cancelled' };
    case 'unknown':
      return afterCrash(turn, budget);
    case 'failed':
      return routeFailure(turn, end.failure ?? 'agent-error', budget);
    case 'done':
      return routeCallback(turn, budget);
    default:
      return unreachable(end.verdict, 'verdict');
  }
}

/**
 * What a session without a task does by itself after a turn: it goes on when its model answers again, and with what a
 * crash interrupted, where a person wants that. Without a login it asks for one.
 */
export function routeSessionTurn(turn: EndedTurn, budget: RouteBudget): RouteDecision {
  const { verdict, failure } = turn.end;
  if (verdict === 'unknown')
    return budget.recoveriesLeft > 0 ? afterCrash(turn, budget) : { type: 'nothing', why: 'no-task' };
  if (verdict !== 'failed') return { type: 'nothing', why: 'no-task' };
  if (failure === 'conversation-lost' && budget.recoveriesLeft > 0) return { type: 'recover' };
  if (failure !== undefined && WALLS.has(failure)) return routeFailure(turn, failure, budget);
  return { type: 'nothing', why: 'no-task' };
}

/** What was told meanwhile would meet the same wall, or build on something that nobody knows. */
function holdsPrompts({ end }: EndedTurn, { onCrash }: RouteBudget): boolean {
  if (end.verdict === 'unknown') return onCrash === 'ask';
  return end.verdict === 'failed' && end.failure !== undefined && WALLS.has(end.failure);
}

const WALLS: ReadonlySet<TurnFailure> = new Set(['quota', 'rate-limit', 'auth-required']);

/** Evidence has been looked for by now; there was none. */
function afterCrash({ end }: EndedTurn, { onCrash, recoveriesLeft }: RouteBudget): RouteDecision {
  switch (onCrash) {
    case 'retry':
      return recoveriesLeft > 0
        ? { type: 'recover' }
        : fail('the agent was interrupted again and again; the outcome of its last turn is unknown');
    case 'ask':
      return { type: 'ask', about: 'crash', detail: seenOf(end) };
    case 'skip':
      return fail('its last turn was interrupted by a crash, and is not gone on with (--on-crash skip)');
    default:
      return unreachable(onCrash, 'way after a crash');
  }
}

const seenOf = ({ toolCalls, lastMessage }: EndedTurn['end']): string => {
  const words = oneLine(lastMessage, LAST_WORDS_CHARS);
  const tools = `${toolCalls} tool ${toolCalls === 1 ? 'call was' : 'calls were'} seen`;
  return words === '' ? tools : `${tools}; its last words: ${words}`;
};

function routeCallback(turn: EndedTurn, budget: RouteBudget): RouteDecision {
  const result = turn.end.callback;
  switch (result.type) {
    case 'missing':
      return remind(turn, 'your message ended without a callback-json block', budget);
    case 'malformed':
      return remind(turn, result.problem, budget);
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
function routeFailure(turn: EndedTurn, failure: TurnFailure, budget: RouteBudget): RouteDecision {
  const { detail } = turn.end;
  const because = detail === undefined || detail === '' ? '' : `: ${detail}`;
  switch (failure) {
    case 'empty-turn':
    case 'agent-error':
    case 'unknown-stop-reason':
    case 'max-tokens':
    case 'max-turn-requests':
      return remind(turn, `the last turn broke off (${failure}${because})`, budget);
    // It did nothing, so there is nothing to be careful about.
    case 'conversation-lost':
      return budget.recoveriesLeft > 0 ? { type: 'recover' } : fail(`the agent keeps no conversation${because}`);
    case 'agent-exited':
    case 'host-lost':
      if (budget.onCrash !== 'retry') return afterCrash(turn, budget);
      return budget.recoveriesLeft > 0
        ? { type: 'recover' }
        : fail(`the agent ended in the middle of its work${because}`);
    case 'quota':
    case 'rate-limit':
      return { type: 'wait', reason: `${failure}${because}`, until: waitUntil(turn, budget) };
    case 'cut-stream':
    case 'error-as-success':
      return remind(turn, `the last turn broke off (${failure}${because})`, budget);
    case 'auth-required':
      return { type: 'ask', about: 'login', detail: because };
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

/**
 * An agent that did nothing at all often could not reach its model (measured: pi says so in prose and ends the turn
 * normally after 14 s). Asking again at once would meet the same outage, so it is given time.
 */
function remind(turn: EndedTurn, problem: string, budget: RouteBudget): RouteDecision {
  const { end } = turn;
  if (budget.remindersLeft <= 0) {
    const words = oneLine(end.lastMessage, LAST_WORDS_CHARS);
    return fail(
      `no valid callback after the last reminder: ${problem}${words === '' ? '' : ` (its last words: ${words})`}`,
    );
  }
  const didNothing = end.toolCalls === 0 && end.callback.type === 'missing';
  return didNothing && budget.reminderPauseMs > 0
    ? { type: 'remind', problem, pauseMs: budget.reminderPauseMs }
    : { type: 'remind', problem };
}

function waitUntil({ end }: EndedTurn, { waits, nowMs }: RouteBudget): string {
  const backoffMs = Math.min(FIRST_WAIT_MS * 2 ** waits, LONGEST_WAIT_MS);
  const namedMs = end.retryAt === undefined ? NaN : Date.parse(end.retryAt) + AFTER_RESET_MS;
  // A time that has passed, and did not help the last time either, is not believed again.
  const untilMs = namedMs > nowMs && waits < MAX_BELIEVED ? namedMs : nowMs + backoffMs;
  return new Date(untilMs).toISOString();
}

export function fix(reason: string, budget: Pick<RouteBudget, 'fixRoundsLeft'>): RouteDecision {
  return budget.fixRoundsLeft > 0 ? { type: 'fix', reason } : fail(`no fix rounds left: ${reason}`);
}

const fail = (reason: string): Extract<RouteDecision, { type: 'end' }> => ({ type: 'end', end: 'failed', reason });
