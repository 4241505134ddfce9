import { usedUp } from '../session/budget.ts';
import { isTroubled } from '../session/crash.ts';
import { holdsPrompts } from '../session/decision.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { EndedTurn, OpenTurn } from '../session/fold/turns.ts';
import type { SessionRecord, TaskSpec } from '../session/record.ts';
import type { RouteDecision, StepName, TaskEndCode } from '../session/events.ts';
import type { AwaitingPhase, PromptKind, TaskEnd } from '../session/words.ts';
import { unreachable } from '../errors.ts';
import {
  agentsQuestion,
  answerTo,
  interruptedTurn,
  lostLogin,
  noTestCommand,
  overBudget,
  wasAsked,
  type Question,
} from './questions.ts';

/** A turn that keeps being interrupted is not continued for ever. */
export const MAX_RECOVERIES = 3;

/**
 * The one thing a host does next. Everything follows from the journal, so a host that died is replaced by one that
 * reads the same journal and comes to the same answer.
 */
export type NextAction =
  /** The session was stopped: end the agent and leave. */
  | { readonly type: 'leave' }
  /** A turn of an earlier host has no end: nobody knows what the agent did with it. */
  | { readonly type: 'settle-interrupted'; readonly turn: OpenTurn }
  | { readonly type: 'prepare-worktree' }
  | { readonly type: 'set-up-worktree' }
  | { readonly type: 'hand'; readonly promptId: string }
  | { readonly type: 'route'; readonly turn: EndedTurn }
  /** The routed turn, or the verification of a plan, wants a prompt of our own. `key` makes it one prompt for ever. */
  | {
      readonly type: 'queue-own';
      readonly kind: OwnPromptKind;
      readonly key: string;
      readonly why: string;
      /** ISO time before which it is not queued. */
      readonly notBefore?: string;
    }
  /** The task waits before it goes on by itself. */
  | { readonly type: 'park'; readonly until: string; readonly reason: string }
  | { readonly type: 'park'; readonly forMs: number; readonly reason: string }
  | { readonly type: 'open-decision'; readonly question: Question }
  | { readonly type: 'plan'; readonly planId: string; readonly steps: readonly StepName[] }
  | { readonly type: 'step'; readonly planId: string; readonly step: StepName }
  /** The work is delivered; what the agent said it waits for comes as a prompt or a phase. */
  | { readonly type: 'await'; readonly phase: AwaitingPhase }
  | { readonly type: 'end'; readonly end: TaskEnd; readonly reason: string; readonly code?: TaskEndCode }
  /** People are told once about each decision and each end. */
  | { readonly type: 'notify'; readonly about: string }
  /** Nothing until a person says something. */
  | { readonly type: 'rest' };

export type OwnPromptKind = Extract<PromptKind, 'reminder' | 'fix' | 'recovery' | 'resume'>;

export function nextAction(session: FoldedSession, record: SessionRecord): NextAction {
  const { life, turns, prompts, delivery } = session;
  if (turns.open !== null) return { type: 'settle-interrupted', turn: turns.open };
  if (life.stopped) return { type: 'leave' };

  const untold = firstUntold(session);
  if (untold !== null) return { type: 'notify', about: untold };

  const { task } = record;
  const owed = prompts.owed[0];
  // The agent could not be started, say: its prompts stay owed until a person says whether to try again.
  if ([...life.decisions.values()].some(holdsPrompts)) return { type: 'rest' };
  const spent = usedUp(turns.spent, record.limits);
  if (task === null) {
    const { last } = turns;
    if (last !== null && last.routed === null && isTroubled(last, record)) return { type: 'route', turn: last };
    const first = beforePrompts(session, record, last);
    const next: NextAction = first ?? (owed === undefined ? { type: 'rest' } : { type: 'hand', promptId: owed.id });
    if (spent === null || !takesTurn(next)) return next;
    return { type: 'open-decision', question: overBudget(last?.turnId ?? 'none', spent) };
  }

  // A prompt that came after the end has reopened the task; one from before it goes on only where work had begun.
  if (life.ended !== null && (owed === undefined || delivery.setup?.ok !== true)) return { type: 'rest' };
  const blocked = gitConfigGate(session);
  if (blocked !== null && turns.count === 0) return blocked;
  if (delivery.worktree === null) return { type: 'prepare-worktree' };
  if (delivery.setup === null) return { type: 'set-up-worktree' };
  if (!delivery.setup.ok) {
    const what = delivery.setup.command ?? 'copying files';
    return { type: 'end', end: 'failed', reason: `the worktree could not be set up: ${what}`, code: 'set-up-failed' };
  }

  const { last } = turns;
  if (last !== null && last.routed === null) return { type: 'route', turn: last };
  const first = beforePrompts(session, record, last);
  if (first !== null) return spent !== null && takesTurn(first) ? endOverBudget(spent) : first;
  if (owed !== undefined) return spent === null ? { type: 'hand', promptId: owed.id } : endOverBudget(spent);
  if (last === null || last.routed === null) return { type: 'rest' };
  if (blocked !== null) return blocked;
  const { awaiting } = session;
  if (awaiting.now !== null) return { type: 'rest' };
  const next =
    awaiting.heard === null
      ? consequence(session, task, last, last.routed)
      : afterWaiting(session, task, awaiting.heard);
  // What is finished is delivered; what would need another turn is not.
  return spent !== null && takesTurn(next) ? endOverBudget(spent) : next;
}

const takesTurn = ({ type }: NextAction): boolean => type === 'hand' || type === 'queue-own' || type === 'park';

const endOverBudget = (spent: string): NextAction => ({
  type: 'end',
  end: 'failed',
  reason: `its budget is used up: ${spent}`,
  code: 'budget-used-up',
});

/** What a waiting task was told is no more believed than a callback: the work is looked at as it is now. */
function afterWaiting(
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

/**
 * What comes before the prompts that were owed when a turn ended badly: they would meet the same wall, or build on what
 * nobody knows. Null when they go on as usual.
 */
function beforePrompts(session: FoldedSession, record: SessionRecord, last: EndedTurn | null): NextAction | null {
  const decision = last?.routed ?? null;
  if (last === null || decision === null) return null;
  switch (decision.type) {
    case 'ask':
      return askedFirst(session, record, last, decision);
    case 'wait':
      return waitedFirst(session, last, decision);
    case 'recover': {
      if (record.task !== null) return null;
      const action = ownPrompt(session, 'recovery', last.turnId, 'the last turn was interrupted');
      return action.type === 'queue-own' ? action : null;
    }
    default:
      return null;
  }
}

function askedFirst(
  session: FoldedSession,
  { task }: SessionRecord,
  { turnId }: EndedTurn,
  { about, detail }: Extract<RouteDecision, { type: 'ask' }>,
): NextAction | null {
  const question = about === 'crash' ? interruptedTurn(turnId, detail) : lostLogin(turnId, detail);
  if (!wasAsked(session, question.id)) return { type: 'open-decision', question };
  switch (answerTo(session, question.id)) {
    case 'retry': {
      const why = about === 'crash' ? 'the last turn was interrupted' : 'the login was lost';
      const action = ownPrompt(session, about === 'crash' ? 'recovery' : 'resume', turnId, why);
      return action.type === 'queue-own' ? action : null;
    }
    case 'skip': {
      const isOver = task !== null && session.prompts.owed.length === 0;
      const reason = 'its last turn was interrupted by a crash, and is not gone on with';
      return isOver ? { type: 'end', end: 'failed', reason } : null;
    }
    case 'end':
      return { type: 'end', end: 'failed', reason: `the agent is not logged in${detail}`, code: 'login-required' };
    default:
      // Withdrawn, or answered by telling the agent something: that is what comes next.
      return null;
  }
}

/** A person who tells it something while it waits wants it to go on at once; what was queued before waits until then. */
function waitedFirst(
  session: FoldedSession,
  { turnId }: EndedTurn,
  decision: Extract<RouteDecision, { type: 'wait' }>,
): NextAction | null {
  const { life, prompts } = session;
  const { parked } = life;
  // In their order all the same.
  if (parked !== null && prompts.owed.some(({ queuedSeq }) => queuedSeq > parked.seq)) return null;
  const action = afterPause(session, ownPrompt(session, 'resume', turnId, decision.reason), decision);
  return action.type === 'rest' ? null : action;
}

/**
 * Git's configuration was changed by an agent: everything that would run our git waits for a person. What a person tells
 * the agent meanwhile still goes to it; it may be told to undo the change.
 */
function gitConfigGate({ gitConfig }: FoldedSession): NextAction | null {
  if (gitConfig.pending === null) return null;
  if (gitConfig.pending.answer === 'open') return { type: 'rest' };
  const [first = ''] = gitConfig.pending.changes;
  return { type: 'end', end: 'failed', reason: `a change of git's configuration was not allowed: ${first}` };
}

/** An end, a wait or an open decision that people were not told of yet: `ended/<seq>`, `awaiting/<seq>`, `decision/<id>`. */
export function firstUntold({ life, awaiting }: FoldedSession): string | null {
  if (awaiting.now !== null && !life.notified.has(`awaiting/${awaiting.now.seq}`))
    return `awaiting/${awaiting.now.seq}`;
  if (life.ended !== null && !life.notified.has(`ended/${life.ended.seq}`)) return `ended/${life.ended.seq}`;
  // A permission is told about when it is opened: its turn may end before the next look.
  const untold = [...life.decisions.values()].find(
    ({ id, kind }) => kind !== 'permission' && !life.notified.has(`decision/${id}`),
  );
  return untold === undefined ? null : `decision/${untold.id}`;
}

/** What a routed turn still owes; each consequence is looked up before it is made again. */
function consequence(session: FoldedSession, task: TaskSpec, turn: EndedTurn, decision: RouteDecision): NextAction {
  const { turnId } = turn;
  switch (decision.type) {
    case 'nothing':
      return { type: 'rest' };
    case 'remind':
      return reminder(session, turnId, decision);
    case 'recover':
      return ownPrompt(session, 'recovery', turnId, 'the last turn was interrupted');
    case 'wait':
    case 'ask':
      // What follows from these comes before the prompts that are owed.
      return { type: 'rest' };
    case 'fix':
      return ownPrompt(session, 'fix', turnId, decision.reason);
    case 'clarify':
      return clarification(session, turnId, decision.question);
    case 'end':
      return endOf(decision);
    case 'deliver':
      return deliver(session, task, turn);
    default:
      return unreachable(decision, 'route decision');
  }
}

const endOf = ({ end, reason, code }: Extract<RouteDecision, { type: 'end' }>): NextAction => ({
  type: 'end',
  end,
  reason,
  ...(code === undefined ? {} : { code }),
});

function ownPrompt(session: FoldedSession, kind: OwnPromptKind, causeId: string, why: string): NextAction {
  const key = `${kind}/${causeId}`;
  // Queued but not owed any more means it was dropped by a person: then nothing follows.
  return session.prompts.byKey.has(key) ? { type: 'rest' } : { type: 'queue-own', kind, key, why };
}

function reminder(
  session: FoldedSession,
  turnId: string,
  { problem, pauseMs }: Extract<RouteDecision, { type: 'remind' }>,
): NextAction {
  const action = ownPrompt(session, 'reminder', turnId, problem);
  if (pauseMs === undefined) return action;
  const reason = 'the agent did nothing; it is asked again after a pause';
  return afterPause(session, action, { reason, forMs: pauseMs });
}

/** The prompt, once the task was parked and its time has come. */
function afterPause(
  { life }: FoldedSession,
  action: NextAction,
  pause: { readonly reason: string } & ({ readonly until: string } | { readonly forMs: number }),
): NextAction {
  if (action.type !== 'queue-own') return action;
  return life.parked === null ? { ...pause, type: 'park' } : { ...action, notBefore: life.parked.until };
}

function clarification(session: FoldedSession, turnId: string, question: string): NextAction {
  const asked = agentsQuestion(turnId, question);
  if (!wasAsked(session, asked.id)) return { type: 'open-decision', question: asked };
  const isExpired = session.life.endedDecisions.get(asked.id)?.type === 'expired';
  const reason = `nobody answered its question in time: ${question}`;
  return isExpired ? { type: 'end', end: 'failed', reason } : { type: 'rest' };
}

function deliver(session: FoldedSession, task: TaskSpec, { turnId, end }: EndedTurn): NextAction {
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
