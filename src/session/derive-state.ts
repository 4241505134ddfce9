import { holdsPrompts, isOfTurn } from './decision.ts';
import { isTroubled } from './crash.ts';
import type { FoldedSession } from './fold/session-fold.ts';
import type { EndedTurn } from './fold/turns.ts';
import type { SessionRecord } from './record.ts';
import type { SessionState } from './words.ts';

/** True when a host would have something to do: then a session without a living host is `crashed`. */
export function isOwed(session: FoldedSession, record: SessionRecord): boolean {
  const { life, turns, prompts } = session;
  if (life.stopped) return false;
  if (turns.open !== null || prompts.owed.length > 0) return true;
  if (prompts.byId.size === 0 && record.firstPrompt !== null) return true;
  if (record.task === null) return turns.last !== null && sessionOwes(session, record, turns.last);
  if (life.ended !== null) return false;
  // Only prepared: its worktree is owed, and nothing else until somebody says something.
  if (record.firstPrompt === null && prompts.byId.size === 0) return session.delivery.setup === null;
  // What was dropped before the agent saw it is not made again: the task waits for a word.
  // Somebody else has to say something first.
  if (session.awaiting.now !== null) return false;
  if (turns.last === null) return [...prompts.byId.values()].some(({ state }) => state !== 'dropped');
  if (droppedOwnPrompt(session, turns.last.turnId)) return false;
  if (turns.last.routed?.type === 'ask') return askIsOwed(session, turns.last.turnId, turns.last.routed.about);
  const question = agentsOwnQuestion(session, turns.last);
  if (question !== null) return questionIsOwed(session, question);
  // A routed turn is settled only by what it led to; a cancelled one leads to nothing and the task waits for a word.
  return turns.last.routed?.type !== 'nothing';
}

/** What the question is about that the agent ended its last turn, or its waiting, with; null when it asked nothing. */
function agentsOwnQuestion({ awaiting }: FoldedSession, { turnId, routed }: EndedTurn): string | null {
  if (awaiting.heard !== null) return awaiting.heard.phase === 'escalate' ? `phase-${awaiting.heard.seq}` : null;
  return routed?.type === 'clarify' ? turnId : null;
}

/** Answered, it has become a prompt: one that was dropped again is waited for, as any other. */
function questionIsOwed({ life }: FoldedSession, about: string): boolean {
  return life.endedDecisions.get(`clarify-${about}`)?.type !== 'answered';
}

/** A session without a task: its last turn was interrupted, or its model had no answer, and it goes on by itself. */
function sessionOwes(session: FoldedSession, record: SessionRecord, last: EndedTurn): boolean {
  const { routed, turnId } = last;
  if (routed === null) return isTroubled(last, record);
  const isQueued = ['recovery', 'resume'].some((kind) => session.prompts.byKey.has(`${kind}/${turnId}`));
  if (isQueued) return false;
  if (routed.type === 'wait' || routed.type === 'recover') return true;
  return routed.type === 'ask' && askIsOwed(session, turnId, routed.about) && skipsNothing(session, turnId);
}

/** Whoever told the agent something instead of an answer is waited for, when that was dropped. */
function askIsOwed({ life }: FoldedSession, turnId: string, about: 'crash' | 'login'): boolean {
  const end = life.endedDecisions.get(`${about}-${turnId}`);
  if (end === undefined) return true;
  return end.type !== 'withdrawn' && ['retry', 'skip', 'end'].includes(end.answer);
}

/** A session has no end of its own: what is skipped leaves nothing to do. */
function skipsNothing({ life }: FoldedSession, turnId: string): boolean {
  const end = life.endedDecisions.get(`crash-${turnId}`);
  return end === undefined || end.type === 'withdrawn' || end.answer !== 'skip';
}

/** The prompt that the last turn, or its verification, led to was dropped by a person, or by a host that died ending the task. */
function droppedOwnPrompt({ prompts }: FoldedSession, turnId: string): boolean {
  const keys = [
    `fix/${turnId}`,
    `fix/${turnId}/verified`,
    `reminder/${turnId}`,
    `recovery/${turnId}`,
    `resume/${turnId}`,
  ];
  return keys.some((key) => prompts.byKey.get(key)?.state === 'dropped');
}

/** The one word for a session. `hostAlive` is an observation of the reader, at the time of reading. */
export function deriveState(session: FoldedSession, record: SessionRecord, hostAlive: boolean): SessionState {
  const { life, turns, prompts, delivery, gitConfig } = session;
  if (life.stopped) return life.ended?.end ?? 'stopped';
  if (life.ended !== null && prompts.owed.length === 0 && turns.open === null) return life.ended.end;
  const blocking = [...life.decisions.values()].some((decision) => !isOfTurn(decision));
  const holding = [...life.decisions.values()].some(holdsPrompts);
  // Before its first turn a task does not begin under a configuration that nobody allowed.
  const held = holding || (gitConfig.pending?.answer === 'open' && turns.count === 0);
  if (blocking && turns.open === null && (held || prompts.owed.length === 0)) return 'needs-person';
  if (!isOwed(session, record)) return restingState(session, record);
  if (!hostAlive) return 'crashed';
  if (life.decisions.size > 0) return 'needs-person';
  if (life.parked !== null) return 'parked';
  // Also in the middle of a turn: a person has answered, and the agent goes on when it has a slot again.
  if (life.slot === 'waiting' || life.lock === 'waiting' || life.waitsFor.length > 0) return 'waiting';
  if (turns.open !== null) return 'running';
  if (record.task !== null && delivery.setup === null && turns.count === 0) return 'preparing';
  const step = delivery.plan?.steps.find((planned) => planned.state !== 'finished');
  if (step !== undefined && prompts.owed.length === 0) return step.name === 'verify' ? 'verifying' : 'delivering';
  return 'running';
}

/** Nothing is owed: it waits for words, or for what its agent said it waits for. */
function restingState({ awaiting, prompts }: FoldedSession, { task, firstPrompt }: SessionRecord): SessionState {
  switch (awaiting.now?.phase) {
    case 'awaiting_review':
      return 'awaiting-review';
    case 'awaiting_ci':
      return 'awaiting-ci';
    case undefined:
      return task !== null && firstPrompt === null && prompts.byId.size === 0 ? 'prepared' : 'idle';
  }
}
