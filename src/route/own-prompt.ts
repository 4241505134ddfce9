import type { RouteDecision } from '../session/events.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { NextAction, OwnPromptKind } from './action.ts';

/** A prompt of conduxt's own that follows from something in the journal: one for each cause, for ever. */
export function ownPrompt(session: FoldedSession, kind: OwnPromptKind, causeId: string, why: string): NextAction {
  const key = `${kind}/${causeId}`;
  // Queued but not owed any more means it was dropped by a person: then nothing follows.
  return session.prompts.byKey.has(key) ? { type: 'rest' } : { type: 'queue-own', kind, key, why };
}

export function reminder(
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
export function afterPause(
  { life }: FoldedSession,
  action: NextAction,
  pause: { readonly reason: string } & ({ readonly until: string } | { readonly forMs: number }),
): NextAction {
  if (action.type !== 'queue-own') return action;
  return life.parked === null ? { ...pause, type: 'park' } : { ...action, notBefore: life.parked.until };
}
