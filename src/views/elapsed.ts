import type { SessionFacts } from './outcome.ts';

/** Milliseconds from the making of a session to its end, or to now while it has none. What it waited for review or CI is left out. */
export function elapsedMs({ record, folded }: SessionFacts, nowMs: number): number {
  const ended = folded.life.ended?.at ?? (folded.life.stopped ? folded.lastAt : null);
  const to = ended === null ? nowMs : Date.parse(ended);
  return Math.max(0, to - Date.parse(record.createdAt) - awaitedMs(folded, to));
}

/** @param toMs until when a waiting that goes on is counted. */
export const awaitedMs = ({ awaiting }: SessionFacts['folded'], toMs: number): number =>
  awaiting.waitedMs + (awaiting.now === null ? 0 : Math.max(0, toMs - Date.parse(awaiting.now.since)));
