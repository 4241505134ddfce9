import type { RouteDecision, StepName } from '../session/events.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { EndedTurn } from '../session/fold/turns.ts';
import type { TaskSpec } from '../session/record.ts';
import { unreachable } from '../errors.ts';
import type { NextAction } from './action.ts';
import { ownPrompt } from './own-prompt.ts';
import { agentsQuestion, answerTo, noTestCommand, wasAsked } from './questions.ts';

/** What follows when an agent says that its work is done. */
export function deliver(session: FoldedSession, task: TaskSpec, { turnId, end }: EndedTurn): NextAction {
  if (session.delivery.plan?.planId !== turnId && task.verify.type === 'missing') {
    const gate = verificationGate(session, turnId);
    if (gate !== null) return gate;
  }
  const next = carryOut(session, task, turnId, stepsFor(task));
  const phase = end.callback.type === 'valid' ? end.callback.callback.phase : undefined;
  // What could not be delivered is nothing that anybody could look at.
  const isOver = next.type === 'end' && next.end !== 'failed' && session.delivery.blocked === null;
  return isOver && phase !== undefined ? { type: 'await', phase } : next;
}

/** What a waiting task was told is no more believed than a callback: the work is looked at as it is now. */
export function afterWaiting(
  session: FoldedSession,
  task: TaskSpec,
  { phase, words, seq }: NonNullable<FoldedSession['awaiting']['heard']>,
): NextAction {
  const planId = `phase-${seq}`;
  switch (phase) {
    case 'failed':
      return { type: 'end', end: 'failed', reason: words === '' ? `it was reported as ${phase}` : words };
    case 'escalate':
      return clarification(
        session,
        planId,
        words === '' ? 'It was escalated, and nobody said why: look at its log.' : words,
      );
    case 'done':
      return carryOut(session, task, planId, stepsFor(task));
    case 'merged':
      // Its branch may be gone from the remote, and must not come back.
      return carryOut(
        session,
        task,
        planId,
        stepsFor(task).filter((step) => step === 'verify'),
      );
    default:
      return unreachable(phase, 'phase');
  }
}

/** The agent's question, and what its answer or its deadline makes of the task. */
export function clarification(session: FoldedSession, turnId: string, question: string): NextAction {
  const asked = agentsQuestion(turnId, question);
  if (!wasAsked(session, asked.id)) return { type: 'open-decision', question: asked };
  const isExpired = session.life.endedDecisions.get(asked.id)?.type === 'expired';
  const reason = `nobody answered its question in time: ${question}`;
  return isExpired ? { type: 'end', end: 'failed', reason } : { type: 'rest' };
}

/** Plans the steps, takes one after the other, and ends the task when all are done. */
function carryOut(session: FoldedSession, task: TaskSpec, planId: string, steps: readonly StepName[]): NextAction {
  const { plan } = session.delivery;
  if (plan?.planId !== planId) return { type: 'plan', planId, steps };
  const verified = plan.verified?.decision ?? null;
  if (verified !== null && verified.type !== 'deliver') return consequenceOfReceipt(session, planId, verified);
  const next = plan.steps.find((step) => step.state !== 'finished');
  if (next !== undefined) return { type: 'step', planId: plan.planId, step: next.name };
  return task.verify.type === 'command'
    ? { type: 'end', end: 'completed', reason: 'verified by its tests' }
    : { type: 'end', end: 'delivered', reason: 'delivered without verification, as asked' };
}

function consequenceOfReceipt(session: FoldedSession, planId: string, decision: RouteDecision): NextAction {
  if (decision.type === 'fix') return ownPrompt(session, 'fix', `${planId}/verified`, decision.reason);
  if (decision.type === 'end') return { type: 'end', end: decision.end, reason: decision.reason };
  return { type: 'rest' };
}

/** No test command was found: a person says `deliver` (unverified) or the task ends there. Never a silent pass. */
function verificationGate(session: FoldedSession, turnId: string): NextAction | null {
  const question = noTestCommand(turnId);
  if (session.life.decisions.has(question.id)) return { type: 'rest' };
  if (!wasAsked(session, question.id)) return { type: 'open-decision', question };
  if (answerTo(session, question.id) === 'deliver') return null;
  return {
    type: 'end',
    end: 'failed',
    reason: 'there is no way to verify the work, and delivery without it was declined',
  };
}

function stepsFor(task: TaskSpec): readonly StepName[] {
  const steps: StepName[] = [];
  if (task.verify.type === 'command') steps.push('verify');
  steps.push('push');
  if (task.delivery.pullRequest) steps.push('pull-request');
  return steps;
}
