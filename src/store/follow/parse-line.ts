import { decodeRecord } from '../../journal/record-line.ts';
import { decodeTranscript } from '../../journal/transcript.ts';
import type { JournalRecord } from '../../session/events.ts';
import type { FollowedRecord } from './followed.ts';
import type { Line } from './line-window.ts';
import { cursorOfLine } from './seek.ts';

/** A journal line as a record, or null when it is damaged. The checksum proves that we wrote it. */
export function parseJournalLine(line: Line): FollowedRecord | null {
  const value = line.whole ? decodeRecord(line.content) : null;
  const cursor = cursorOfLine(line.content);
  if (typeof value !== 'object' || value === null || cursor === null || !('type' in value)) return null;
  return { source: 'journal', cursor, record: value as JournalRecord };
}

/** A transcript line as a record, or null when it is damaged. One that is too long to hold keeps only its envelope. */
export function parseTranscriptLine(line: Line, likelyTurn: string | null): FollowedRecord | null {
  if (!line.whole) {
    const cursor = cursorOfLine(line.content);
    if (cursor === null) return null;
    return { source: 'transcript', cursor, atMs: atOf(line.content), turnId: null, message: null, bytes: line.bytes };
  }
  const decoded = decodeTranscript(line.content, likelyTurn);
  if (decoded === null) return null;
  const { seq, epoch, atMs, turnId, message } = decoded;
  return { source: 'transcript', cursor: { epoch, seq }, atMs, turnId, message, bytes: line.bytes };
}

const atOf = (head: Buffer): number => Number(/"t":(\d+)/.exec(head.toString('latin1'))?.[1] ?? 0);
