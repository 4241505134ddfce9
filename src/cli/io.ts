import os from 'node:os';
import type { Readable } from 'node:stream';
import { systemCode } from '../errors.ts';

/** What the command line reads and writes. Passed in, so that a test sees what a user would see. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly homedir: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `fn` for every Ctrl-C until the returned function is called. */
  onInterrupt(fn: () => void): () => void;
  /** Aborts when nobody reads our output any more (`| head -1`). */
  readonly readerGone: AbortSignal;
}

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Columns of the terminal; undefined when it is none. */
  readonly columns: number | undefined;
}

/** The process's own streams and environment. */
export function processIo(): Io {
  const readerGone = new AbortController();
  return {
    stdin: process.stdin,
    stdout: outputTo(process.stdout, readerGone),
    stderr: outputTo(process.stderr, null),
    env: process.env,
    cwd: process.cwd(),
    homedir: os.homedir(),
    now: () => Date.now(),
    onInterrupt(fn) {
      process.on('SIGINT', fn);
      return () => process.off('SIGINT', fn);
    },
    readerGone: readerGone.signal,
  };
}

/** A pipe whose reader left is the end of the output, not an error. Anything else is one: a full disk, say. */
function outputTo(stream: NodeJS.WriteStream, readerGone: AbortController | null): Output {
  let gone = false;
  stream.on('error', (error) => {
    gone = true;
    if (systemCode(error) === 'EPIPE') readerGone?.abort();
    else if (readerGone !== null) throw error;
  });
  return {
    write(text) {
      if (!gone) stream.write(text);
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
  };
}
