import { isoTime } from '../clock.ts';
import { type Decision, type DecisionEnd, holdsPrompts, isOfTurn } from '../session/decision.ts';
import type { TaskEndCode } from '../session/events.ts';
import type { HostContext } from './context.ts';
import { endTask } from './end-task.ts';
import { dropOwed } from './prompt-book.ts';

/** What the ids of questions begin with that are asked when an agent cannot be started. */
export const START_DECISION = 'start-';

/** Asks people something between turns. Nobody waits for the answer in here: it is a prompt, or a fold. */
export async function openQuestion(
  { log, clock, record, redact }: HostContext,
  question: Omit<Decision, 'deadline'>,
): Promise<void> {
  const { decisionTimeoutMs } = record.limits;
  const deadline = decisionTimeoutMs === undefined ? null : isoTime(clock.now() + decisionTimeoutMs);
  const decision = { ...question, question: redact(question.question), deadline };
  await log.appendPatiently({
    type: 'decision-opened',
    decision: deadline === null ? { ...decision, fallback: null } : decision,
  });
}

/** What an answer does that is more than a fact for the next look. */
export async function actOnAnswer(context: HostContext, decision: Decision, answer: string): Promise<void> {
  await dropWhatItHeld(context, decision, answer);
  await endWhatItHeld(context, decision, answer);
}

async function dropWhatItHeld(context: HostContext, decision: Decision, answer: string): Promise<void> {
  if (holdsPrompts(decision) && answer === 'drop') await dropOwed(context, 'cancelled');
}

async function endWhatItHeld(context: HostContext, decision: Decision, answer: string): Promise<void> {
  if (!holdsPrompts(decision)) return;
  if (answer === 'end' && decision.id.startsWith(START_DECISION) && context.record.task !== null) {
    const code: TaskEndCode =
      decision.facts['problem'] === 'agent-login-required' ? 'login-required' : 'agent-unavailable';
    await endTask(context, { end: 'failed', reason: decision.question, code });
  }
}

/**
 * Ends a decision that nobody answers any more, after `before`. A person's answer that is being written down comes first:
 * then this does nothing, and neither is told something else than what happens. False when it is not open (any more).
 */
export function endDecision(
  { log, turnstile }: HostContext,
  decisionId: string,
  end: DecisionEnd,
  before: () => Promise<void> = async () => {},
): Promise<boolean> {
  // On a full disk the wait for room is outside: nobody who asks meanwhile stands behind it.
  return log.withRoom(() =>
    turnstile.pass(async () => {
      if (!log.folded.life.decisions.has(decisionId)) return false;
      await before();
      await log.append({ type: 'decision-ended', decisionId, end });
      return true;
    }),
  );
}

/** Takes the default of a question whose time is over. False when it has none, or time left, or was answered. */
export async function expireQuestion(context: HostContext, decision: Decision): Promise<boolean> {
  const { id, deadline, fallback } = decision;
  if (deadline === null || fallback === null || context.clock.now() < Date.parse(deadline)) return false;
  // What is told after the end must not be dropped with what it held.
  const drop = (): Promise<void> => dropWhatItHeld(context, decision, fallback);
  if (!(await endDecision(context, id, { type: 'expired', answer: fallback }, drop))) return false;
  await endWhatItHeld(context, decision, fallback);
  return true;
}

/** All whose time is over. Permissions have their own clock: a turn waits for them. */
export async function expireQuestions(context: HostContext): Promise<void> {
  for (const decision of openQuestions(context)) await expireQuestion(context, decision);
}

/** Milliseconds until the next deadline; Infinity when there is none. */
export function nextDeadlineMs(context: HostContext): number {
  const deadlines = openQuestions(context).map(({ deadline }) => (deadline === null ? Infinity : Date.parse(deadline)));
  return Math.max(0, Math.min(...deadlines) - context.clock.now());
}

const openQuestions = ({ log }: HostContext): Decision[] =>
  [...log.folded.life.decisions.values()].filter((decision) => !isOfTurn(decision));
