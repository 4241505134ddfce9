import { usedUp } from '../session/budget.ts';
import { isTroubled } from '../session/crash.ts';
import { holdsPrompts, isOfTurn } from '../session/decision.ts';
import type { RouteDecision } from '../session/events.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { EndedTurn } from '../session/fold/turns.ts';
import type { SessionRecord, TaskSpec } from '../session/record.ts';
import { unreachable } from '../errors.ts';
import type { NextAction } from './action.ts';
import { beforePrompts } from './before-prompts.ts';
import { afterWaiting, clarification, deliver } from './deliver.ts';
import { ownPrompt, reminder } from './own-prompt.ts';
import { overBudget } from './questions.ts';

/** A turn that keeps being interrupted is not continued for ever. */
export const MAX_RECOVERIES = 3;

/** What a session is owed next, from its journal and its record alone. */
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
  // What a turn asks is told about when it is opened: it may end before the next look.
  const untold = [...life.decisions.values()].find(
    (decision) => !isOfTurn(decision) && !life.notified.has(`decision/${decision.id}`),
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
