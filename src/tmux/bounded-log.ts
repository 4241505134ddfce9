import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { sizeOf, type RunDirectory } from './run-directory.ts';

/** A program that prints much is looked at soon again; one that is quiet costs next to nothing. */
const BUSY_LOOK_MS = 1_000;
const QUIET_LOOK_MS = 10_000;
const COPY_BYTES = 256 * 1024;

/**
 * Keeps the log of a pane from filling the disk: whenever it is longer than `maxBytes`, its end becomes `pane.log.1`, in
 * place of the one before, and it begins anew. tmux's writer keeps the file open and appends, so it is emptied where it is.
 * @returns its end.
 */
export function keepBounded(run: RunDirectory, maxBytes: number): () => void {
  let timer: NodeJS.Timeout;
  let before = 0;
  const look = (): void => {
    const size = sizeOf(run.log);
    const isBusy = Math.abs(size - before) > maxBytes / 8;
    before = size;
    try {
      if (size > maxBytes) cutLog(run, maxBytes);
    } catch {
      // A full disk: there is nothing to be done here, and the next look tries again.
    }
    timer = setTimeout(look, isBusy ? BUSY_LOOK_MS : QUIET_LOOK_MS).unref();
  };
  timer = setTimeout(look, BUSY_LOOK_MS).unref();
  return () => clearTimeout(timer);
}

/**
 * Every kept byte stands in `pane.log.1` where it stood in the log: whoever was reading goes on there. What is older than
 * `keepBytes` is a hole, which takes no room.
 */
export function cutLog(run: RunDirectory, keepBytes: number): void {
  const log = openSync(run.log, 'r+');
  const fresh = `${run.logBefore}.tmp`;
  const kept = openSync(fresh, 'w', 0o600);
  try {
    const from = Math.max(0, fstatSync(log).size - keepBytes);
    const isLoss = from > 0 || existsSync(run.logBefore);
    const at = copyRest(log, kept, from);
    renameSync(fresh, run.logBefore);
    if (isLoss) writeFileSync(run.logCut, '', { mode: 0o600 });
    // What came meanwhile; between the last look and the cut there is nothing but this line.
    copyRest(log, kept, at);
    ftruncateSync(log, 0);
  } catch (error) {
    // Half a copy would only take up the room that is missing.
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(log);
    closeSync(kept);
  }
}

/** @returns where the end was. */
function copyRest(from: number, to: number, start: number): number {
  const bytes = Buffer.allocUnsafe(COPY_BYTES);
  for (let at = start; ;) {
    const read = readSync(from, bytes, 0, bytes.length, at);
    if (read === 0) return at;
    // A disk that fills up takes a part first.
    for (let done = 0; done < read;) done += writeSync(to, bytes, done, read - done, at + done);
    at += read;
  }
}

/** The last `maxBytes` of what a pane has printed, also over a cut. Empty when nothing is there. */
export function endOfLog(run: RunDirectory, maxBytes: number): string {
  const last = endOf(run.log, maxBytes);
  const before = last.length < maxBytes ? endOf(run.logBefore, maxBytes - last.length) : Buffer.alloc(0);
  return Buffer.concat([before, last]).toString('utf8').replace(/^\0+/, '');
}

/** What was printed behind the first `fromByte` bytes, of that the last `maxBytes`. All of the log when it was cut since. */
export const logSince = (run: RunDirectory, fromByte: number, maxBytes: number): string =>
  fromByte === 0 ? endOfLog(run, maxBytes) : endOf(run.log, maxBytes, fromByte).toString('utf8');

function endOf(file: string, maxBytes: number, fromByte = 0): Buffer {
  try {
    const open = openSync(file, 'r');
    try {
      const { size } = fstatSync(open);
      const bytes = Buffer.alloc(Math.min(size < fromByte ? size : size - fromByte, maxBytes));
      return bytes.subarray(0, readSync(open, bytes, 0, bytes.length, size - bytes.length));
    } finally {
      closeSync(open);
    }
  } catch {
    // Not there yet, or cleaned up by hand.
    return Buffer.alloc(0);
  }
}
