import { BUDGET_DECISION } from '../session/budget.ts';
import { CRASH_DECISION } from '../session/crash.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';

/** What a person is asked between turns. `fallback` is taken when nobody answers in time. */
export interface Question {
  readonly id: string;
  readonly kind: 'clarification' | 'gate' | 'login';
  readonly question: string;
  /** None: the answer is words for the agent. */
  readonly choices: readonly string[];
  readonly fallback: string;
}

/** `need_clarification`: the answer becomes the agent's next prompt. */
export const agentsQuestion = (turnId: string, question: string): Question => ({
  id: `clarify-${turnId}`,
  kind: 'clarification',
  question,
  choices: [],
  fallback: 'fail',
});

/** Never a silent pass: `deliver` is unverified. */
export const noTestCommand = (turnId: string): Question => ({
  id: `gate-${turnId}`,
  kind: 'gate',
  question: 'No test command was found, so nothing can be verified. Deliver the work unverified?',
  choices: ['deliver', 'fail'],
  fallback: 'fail',
});

export const overBudget = (turnId: string, spent: string): Question => ({
  id: `${BUDGET_DECISION}${turnId}`,
  kind: 'gate',
  question: `The budget of this session is used up: ${spent}. Go on with as much again?`,
  choices: ['more', 'drop'],
  fallback: 'drop',
});

/** `--on-crash ask`. */
export const interruptedTurn = (turnId: string, seen: string): Question => ({
  id: `${CRASH_DECISION}${turnId}`,
  kind: 'gate',
  question: `A turn was interrupted by a crash, and nothing shows how it ended (${seen}). Shall the agent look at what is there and go on with it?`,
  choices: ['retry', 'skip'],
  fallback: 'skip',
});

/** A session without a task has no end: what is queued in it is dropped instead. */
export const lostLogin = (turnId: string, detail: string, isTask: boolean): Question => ({
  id: `login-${turnId}`,
  kind: 'login',
  question: `The agent is not logged in${detail}. Log in with it (conduxt doctor names the command), then answer retry.`,
  choices: ['retry', isTask ? 'end' : 'drop'],
  fallback: isTask ? 'end' : 'drop',
});

/** What was answered, by a person or by the deadline; null when nothing was. */
export function answerTo({ life }: FoldedSession, id: string): string | null {
  const end = life.endedDecisions.get(id);
  return end === undefined || end.type === 'withdrawn' ? null : end.answer;
}

export const wasAsked = ({ life }: FoldedSession, id: string): boolean =>
  life.decisions.has(id) || life.endedDecisions.has(id);
