import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../errors.ts';

export interface LineScan {
  /** Where the last whole line ends. */
  readonly end: number;
  /** Bytes behind it. */
  readonly rest: number;
}

const CHUNK_BYTES = 256 * 1024;
/**
 * Calls `onLine` with each whole line of a file, from `from` (a line start) to its end as it is now: its bytes without the
 * newline, null when they are more than `maxLineBytes`, and its place. A missing file has no line. Memory and time grow with
 * the longest line and the file, whatever stands in it.
 */
export function scanLines(
  filePath: string,
  from: number,
  maxLineBytes: number,
  onLine: (line: Buffer | null, offset: number, bytes: number) => void,
): LineScan {
  let fd: number;
  try {
    fd = openSync(filePath, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { end: from, rest: 0 };
    throw error;
  }
  try {
    return scan(fd, from, maxLineBytes, onLine);
  } finally {
    closeSync(fd);
  }
}

function scan(fd: number, from: number, maxLineBytes: number, onLine: Parameters<typeof scanLines>[3]): LineScan {
  const { size } = fstatSync(fd);
  let parts: Buffer[] = [];
  let held = 0;
  let end = from;
  let position = from;
  while (position < size) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position));
    const got = readSync(fd, chunk, 0, chunk.length, position);
    if (got === 0) break;
    position += got;
    let start = 0;
    for (let newline = chunk.indexOf(10); newline >= 0 && newline < got; newline = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, newline);
      const bytes = held + last.length;
      onLine(bytes > maxLineBytes ? null : held === 0 ? last : Buffer.concat([...parts, last]), end, bytes + 1);
      end += bytes + 1;
      start = newline + 1;
      parts = [];
      held = 0;
    }
    const rest = chunk.subarray(start, got);
    held += rest.length;
    if (held > maxLineBytes) parts = [];
    else if (rest.length > 0) parts.push(rest);
  }
  return { end, rest: position - end };
}
