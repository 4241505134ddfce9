import type { RouteDecision } from '../session/events.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { EndedTurn } from '../session/fold/turns.ts';
import type { SessionRecord } from '../session/record.ts';
import type { NextAction } from './action.ts';
import { afterPause, ownPrompt } from './own-prompt.ts';
import { answerTo, interruptedTurn, lostLogin, wasAsked } from './questions.ts';

/**
 * What comes before the prompts that were owed when a turn ended badly: they would meet the same wall, or build on what
 * nobody knows. Null when they go on as usual.
 */
export function beforePrompts(
  session: FoldedSession,
  record: SessionRecord,
  last: EndedTurn | null,
): NextAction | null {
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
  const question = about === 'crash' ? interruptedTurn(turnId, detail) : lostLogin(turnId, detail, task !== null);
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
