import { usageError } from '../errors.ts';

/**
 * A place in the merged order of journal and transcript: everything up to and including it was seen. Written
 * `epoch:seq`. Numbers of a session only grow, but bytes that were never synced can vanish in a power loss and their
 * numbers be used again; the epoch tells the new ones from the old.
 */
export interface Cursor {
  readonly epoch: number;
  readonly seq: number;
}

export const START: Cursor = { epoch: 0, seq: 0 };

export const formatCursor = (cursor: Cursor): string => `${cursor.epoch}:${cursor.seq}`;

/** Whether `a` comes after `b`. */
export const isAfter = (a: Cursor, b: Cursor): boolean => (a.epoch === b.epoch ? a.seq > b.seq : a.epoch > b.epoch);

/** `epoch:seq`, or a bare sequence number, which stands for its first use. @throws `invalid-cursor` (exit 2). */
export function parseCursor(text: string): Cursor | { readonly seq: number; readonly epoch: null } {
  const [, epoch, seq] = /^(?:(\d{1,9}):)?(\d{1,15})$/.exec(text.trim()) ?? [];
  if (seq === undefined) {
    throw usageError('invalid-cursor', `"${text.slice(0, 40)}" is not a cursor.`, {
      remedy: 'Give the cursor of the last record you saw, such as 2:118, or a sequence number.',
    });
  }
  return epoch === undefined ? { epoch: null, seq: Number(seq) } : { epoch: Number(epoch), seq: Number(seq) };
}
