import type { JournalRecord } from '../session/events.ts';
import { decodeRecord } from './record-line.ts';
import { scanLines } from './scan-lines.ts';

/** A line that is not what was written: reported with its place, never skipped silently. */
export interface DamagedLine {
  readonly offset: number;
  readonly bytes: number;
}

export interface JournalContents {
  readonly records: readonly JournalRecord[];
  readonly damaged: readonly DamagedLine[];
  /** Where the last whole line ends. */
  readonly end: number;
  /** Bytes behind it: the line a crash tore, or one being written right now. */
  readonly tornBytes: number;
}

/** No record is near this: what is longer is damage, and need not be held to be counted. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Reads a journal from `from` (a line start) to its end. A missing file is an empty journal. */
export function readJournal(filePath: string, from = 0): JournalContents {
  const records: JournalRecord[] = [];
  const { damaged, end, tornBytes } = checkJournal(filePath, from, (record) => records.push(record));
  return { records, damaged, end, tornBytes };
}

/** The same, one record at a time: a journal of any length is checked without being held. */
export function checkJournal(
  filePath: string,
  from: number,
  onRecord: (record: JournalRecord) => void,
): Omit<JournalContents, 'records'> {
  const damaged: DamagedLine[] = [];
  const { end, rest } = scanLines(filePath, from, MAX_RECORD_BYTES, (line, offset, bytes) => {
    const record = line === null ? null : asRecord(decodeRecord(line));
    if (record === null) damaged.push({ offset, bytes });
    else onRecord(record);
  });
  return { damaged, end, tornBytes: rest };
}

/**
 * The checksum proves that we wrote the line, so its shape is only checked as far as the fold relies on it for every
 * record; events of a newer version pass through and fold to nothing.
 */
function asRecord(value: unknown): JournalRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, seq, epoch, at } = value as Partial<Record<keyof JournalRecord, unknown>>;
  const whole = typeof type === 'string' && Number.isInteger(seq) && Number.isInteger(epoch) && typeof at === 'string';
  return whole ? (value as JournalRecord) : null;
}
