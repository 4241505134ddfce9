import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../../errors.ts';
import { isAfter, START, type Cursor } from '../cursor.ts';

const STEP_BYTES = 64 * 1024;
/** Both files begin every line with these two fields, in this order. */
const HEAD = /^\{"seq":(\d+),"epoch":(\d+),/;
const HEAD_BYTES = 64;

/** The place of a line, from its first bytes; null for a damaged one. */
export function cursorOfLine(head: Buffer): Cursor | null {
  const [, seq, epoch] = HEAD.exec(head.subarray(0, HEAD_BYTES).toString('latin1')) ?? [];
  return seq === undefined ? null : { epoch: Number(epoch), seq: Number(seq) };
}

/**
 * Offset of a line start at or before the first line after `cursor`: from there a reader that skips what it has seen
 * misses nothing. A binary search, so that a long transcript costs no more than a short one.
 */
export function offsetBefore(filePath: string, cursor: Cursor): number {
  return withFile(filePath, 0, (fd, size) => {
    let low = 0;
    let high = size;
    while (high - low > STEP_BYTES) {
      const middle = low + Math.floor((high - low) / 2);
      const found = firstReadableLine(fd, middle, high);
      if (found === null || isAfter(found.cursor, cursor)) high = middle;
      else low = found.offset;
    }
    return low;
  });
}

/** Where a reader has to start to see the last `count` records of both files together. */
export function cursorBeforeLast(files: readonly string[], count: number): Cursor {
  if (count <= 0) return files.flatMap((file) => lastCursors(file, 1)).reduce(later, START);
  const cursors = files.flatMap((file) => lastCursors(file, count));
  cursors.sort((a, b) => (isAfter(a, b) ? -1 : 1));
  const first = cursors[Math.min(count, cursors.length) - 1];
  return first === undefined ? START : { epoch: first.epoch, seq: first.seq - 1 };
}

const later = (a: Cursor, b: Cursor): Cursor => (isAfter(a, b) ? a : b);

/** Places of the last `count` readable lines, newest first, read from the end. */
function lastCursors(filePath: string, count: number): Cursor[] {
  return withFile<Cursor[]>(filePath, [], (fd, size) => {
    const found: Cursor[] = [];
    let lineEnd = lastNewline(fd, size);
    while (lineEnd >= 0 && found.length < count) {
      const before = lastNewline(fd, lineEnd);
      const cursor = cursorOfLine(readAt(fd, before + 1, HEAD_BYTES));
      if (cursor !== null) found.push(cursor);
      lineEnd = before;
    }
    return found;
  });
}

/** Offset of the last newline before `end`, or -1. */
function lastNewline(fd: number, end: number): number {
  for (let to = end; to > 0;) {
    const from = Math.max(0, to - STEP_BYTES);
    const found = readAt(fd, from, to - from).lastIndexOf(10);
    if (found >= 0) return from + found;
    to = from;
  }
  return -1;
}

/** The first line after the newline at or behind `from` that can be read, if it begins before `end`. */
function firstReadableLine(fd: number, from: number, end: number): { offset: number; cursor: Cursor } | null {
  for (let position = from; position < end;) {
    const chunk = readAt(fd, position, Math.min(STEP_BYTES, end - position));
    if (chunk.length === 0) return null;
    const newline = chunk.indexOf(10);
    if (newline < 0) {
      position += chunk.length;
      continue;
    }
    const offset = position + newline + 1;
    if (offset >= end) return null;
    const cursor = cursorOfLine(readAt(fd, offset, HEAD_BYTES));
    if (cursor !== null) return { offset, cursor };
    position = offset;
  }
  return null;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}

function withFile<T>(filePath: string, missing: T, read: (fd: number, size: number) => T): T {
  let fd: number;
  try {
    fd = openSync(filePath, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return missing;
    throw error;
  }
  try {
    return read(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}
