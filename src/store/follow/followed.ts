import type { JournalRecord } from '../../session/events.ts';
import type { Cursor } from '../cursor.ts';

/** One thing a follower sees, in the order in which it happened. */
export type Followed =
  | FollowedRecord
  /** A line that is not what was written. It has no place in the order; it is told where it stands in its file. */
  | {
      readonly source: 'damaged';
      readonly file: 'journal' | 'transcript';
      readonly offset: number;
      readonly bytes: number;
    }
  /** Everything durable was delivered. Told after the last record of each batch, and when the host came or went. */
  | { readonly source: 'caught-up'; readonly hostAlive: boolean };

export type FollowedRecord =
  | { readonly source: 'journal'; readonly cursor: Cursor; readonly record: JournalRecord }
  | {
      readonly source: 'transcript';
      readonly cursor: Cursor;
      readonly atMs: number;
      readonly turnId: string | null;
      /** The agent's message as it came, good until the next batch is asked for; null when it is too long to hold. */
      readonly message: Buffer | null;
      readonly bytes: number;
    };
