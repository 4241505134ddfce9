import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { transcriptSeq } from './transcript.ts';

const STEP_BYTES = 64 * 1024;

/**
 * The highest sequence number of a transcript and where its last whole line ends, read from the end of the file: the
 * cost does not grow with the transcript. A missing file is an empty one.
 */
export function lastTranscriptSeq(filePath: string): { readonly seq: number; readonly end: number } {
  let fd: number;
  try {
    fd = openSync(filePath, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { seq: 0, end: 0 };
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    let end = lastNewlineBefore(fd, size) + 1;
    const wholeEnd = end;
    // A damaged line has no number: the one before it counts.
    while (end > 0) {
      const start = lastNewlineBefore(fd, end - 1) + 1;
      const head = Buffer.alloc(Math.min(40, end - start));
      readSync(fd, head, 0, head.length, start);
      const seq = transcriptSeq(head);
      if (seq !== null) return { seq, end: wholeEnd };
      end = start;
    }
    return { seq: 0, end: wholeEnd };
  } finally {
    closeSync(fd);
  }
}

/** Offset of the last newline in the first `before` bytes, or -1. */
function lastNewlineBefore(fd: number, before: number): number {
  for (let end = before; end > 0;) {
    const start = Math.max(0, end - STEP_BYTES);
    const block = Buffer.alloc(end - start);
    readSync(fd, block, 0, block.length, start);
    const found = block.lastIndexOf(10);
    if (found >= 0) return start + found;
    end = start;
  }
  return -1;
}
