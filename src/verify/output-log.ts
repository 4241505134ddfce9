import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ioError, messageOf } from '../errors.ts';

/** Enough for every summary a runner prints; the whole is in the file. */
const TAIL_BYTES = 1024 * 1024;
/** A run that prints more than this is printing in a loop; the rest is dropped and the file says so. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;

/** A log file that is being written: what it holds is hashed on the way, and its end is kept in memory. */
export interface OutputLog {
  /** Resolves when the bytes are written. Calls are carried out in order. @throws ConduxtError `log-not-written` */
  write(chunk: Uint8Array): Promise<void>;
  /** Closes the file; the same answer when called again. The hash is that of the file. @throws `log-not-written` */
  end(): Promise<{ readonly sha256: string; readonly tail: string }>;
}

/** Creates or empties the file, mode 0600. The caller must `end` it. */
export async function openOutputLog(path: string): Promise<OutputLog> {
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw notWritten(path, error);
  });
  const hash = createHash('sha256');
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let bytes = 0;
  let queue: Promise<void> = Promise.resolve();

  const put = async (chunk: Uint8Array): Promise<void> => {
    if (bytes > MAX_LOG_BYTES) return;
    bytes += chunk.byteLength;
    const piece = bytes > MAX_LOG_BYTES ? Buffer.from('\n[output limit reached; the rest was dropped]\n') : chunk;
    try {
      await file.writeFile(piece);
    } catch (error) {
      throw notWritten(path, error);
    }
    hash.update(piece);
    tail.push(Buffer.from(piece));
    tailBytes += piece.byteLength;
    if (tailBytes > 2 * TAIL_BYTES) {
      tail = [Buffer.concat(tail).subarray(-TAIL_BYTES)];
      tailBytes = TAIL_BYTES;
    }
  };
  const finish = async (): Promise<{ sha256: string; tail: string }> => {
    await queue.finally(() => file.close());
    return { sha256: hash.digest('hex'), tail: Buffer.concat(tail).subarray(-TAIL_BYTES).toString('utf8') };
  };
  let finished: ReturnType<typeof finish> | undefined;
  return {
    write: (chunk) => (queue = queue.then(() => put(chunk))),
    end: () => (finished ??= finish()),
  };
}

const notWritten = (path: string, error: unknown): Error =>
  ioError('log-not-written', `The output cannot be written to ${path}: ${messageOf(error)}.`, {
    remedy: 'Make room on that disk, or make the directory writable, and run it again.',
    cause: error,
  });
