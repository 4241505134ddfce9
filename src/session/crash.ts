import type { EndedTurn } from './fold/turns.ts';
import type { SessionRecord } from './record.ts';
import type { OnCrash } from './words.ts';

/** What the ids of decisions about an interrupted turn begin with. */
export const CRASH_DECISION = 'crash-';

/**
 * What becomes of a turn whose outcome nobody knows, once there is no evidence. A task goes on by itself, with an agent
 * that is told to look first; whoever talks to a session says what comes next.
 */
export const onCrashOf = ({ onCrash, task }: SessionRecord): OnCrash => onCrash ?? (task === null ? 'skip' : 'retry');

/** Whether anything follows from a turn of a session without a task. */
export function isTroubled({ end }: EndedTurn, record: SessionRecord): boolean {
  if (end.failure === 'conversation-lost' || end.failure === 'quota' || end.failure === 'rate-limit')
    return end.verdict === 'failed';
  // Whoever asks one thing and waits is told, and tries again.
  if (end.failure === 'auth-required') return end.verdict === 'failed' && record.kind !== 'ask';
  return end.verdict === 'unknown' && onCrashOf(record) !== 'skip';
}
