import type { SessionFacts } from './outcome.ts';

/** Milliseconds from the making of a session to its end, or to now while it has none. */
export function elapsedMs({ record, folded }: SessionFacts, nowMs: number): number {
  const ended = folded.life.ended?.at ?? (folded.life.stopped ? folded.lastAt : null);
  const to = ended === null ? nowMs : Date.parse(ended);
  return Math.max(0, to - Date.parse(record.createdAt));
}
