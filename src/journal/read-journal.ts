import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { JournalRecord } from '../session/events.ts';
import { systemCode } from '../errors.ts';
import { decodeRecord } from './record-line.ts';

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

const CHUNK_BYTES = 256 * 1024;

/** Reads a journal from `from` (a line start) to its end. A missing file is an empty journal. */
export function readJournal(filePath: string, from = 0): JournalContents {
  let fd: number;
  try {
    fd = openSync(filePath, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { records: [], damaged: [], end: from, tornBytes: 0 };
    throw error;
  }
  try {
    return readFrom(fd, from);
  } finally {
    closeSync(fd);
  }
}

function readFrom(fd: number, from: number): JournalContents {
  const records: JournalRecord[] = [];
  const damaged: DamagedLine[] = [];
  const { size } = fstatSync(fd);
  let pending = Buffer.alloc(0);
  let end = from;
  let position = from;
  while (position < size) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position));
    const got = readSync(fd, chunk, 0, chunk.length, position);
    if (got === 0) break;
    position += got;
    pending = pending.length === 0 ? chunk.subarray(0, got) : Buffer.concat([pending, chunk.subarray(0, got)]);
    let start = 0;
    for (let newline = pending.indexOf(10, start); newline >= 0; newline = pending.indexOf(10, start)) {
      const line = pending.subarray(start, newline);
      const record = asRecord(decodeRecord(line));
      if (record === null) damaged.push({ offset: end, bytes: line.length + 1 });
      else records.push(record);
      end += line.length + 1;
      start = newline + 1;
    }
    pending = pending.subarray(start);
  }
  return { records, damaged, end, tornBytes: position - end };
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
