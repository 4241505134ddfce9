import type { JournalRecord } from '../events.ts';
import { foldAwaiting, noAwaiting, type Awaiting } from './awaiting.ts';
import { foldDelivery, noDelivery, type Delivery } from './delivery.ts';
import { foldGitConfig, noGitConfig, type GitConfig } from './git-config.ts';
import { foldLife, newLife, type Life } from './life.ts';
import { foldPrompts, noPrompts, type Prompts } from './prompts.ts';
import { foldTurns, noTurns, type Turns } from './turns.ts';

/** All that a journal says about its session. A cache: the journal is the truth. */
export interface FoldedSession {
  epoch: number;
  /** Highest sequence number seen in the journal. */
  seq: number;
  lastAt: string | null;
  readonly prompts: Prompts;
  readonly turns: Turns;
  readonly delivery: Delivery;
  readonly life: Life;
  readonly gitConfig: GitConfig;
  readonly awaiting: Awaiting;
}

export const emptySession = (): FoldedSession => ({
  epoch: 0,
  seq: 0,
  lastAt: null,
  prompts: noPrompts(),
  turns: noTurns(),
  delivery: noDelivery(),
  life: newLife(),
  gitConfig: noGitConfig(),
  awaiting: noAwaiting(),
});

/**
 * Applies one record, in place. Records of a lower epoch after a higher one were written by a deposed host and are
 * ignored: the lock makes them impossible, the epoch proves it.
 */
export function applyRecord(session: FoldedSession, record: JournalRecord): void {
  if (record.epoch < session.epoch) return;
  session.epoch = record.epoch;
  session.seq = Math.max(session.seq, record.seq);
  session.lastAt = record.at;
  const { life, turns } = session;
  foldPrompts(session.prompts, record, (turnId) => {
    const isCancelled = turns.open?.turnId === turnId && turns.open.cancelRequested;
    return isCancelled || life.stopped || life.ended !== null;
  });
  foldTurns(session.turns, record, session.prompts);
  foldDelivery(session.delivery, record);
  foldLife(session.life, record);
  foldGitConfig(session.gitConfig, record);
  foldAwaiting(session.awaiting, record);
}

export function foldSession(records: Iterable<JournalRecord>): FoldedSession {
  const session = emptySession();
  for (const record of records) applyRecord(session, record);
  return session;
}
