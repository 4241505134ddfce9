import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { systemCode } from '../errors.ts';
import { newPromptId } from '../session/ids.ts';
import type { ByteText } from '../text/byte-text.ts';
import { ProcessOutput } from './process-output.ts';

/** What the command line reads and writes. Passed in, so that a test sees what a user would see. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly homedir: string;
  /** Of this command line and no other: a prompt that is handed over twice by it is one prompt. */
  readonly key: string;
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls `fn` for every Ctrl-C, and when the terminal is closed or somebody ends us (`timeout`, a service manager):
   * until the returned function is called, none of these ends the process.
   */
  onInterrupt(fn: () => void): () => void;
  /** Aborts when our output goes nowhere any more: its reader left (`| head -1`), or it cannot be written. */
  readonly readerGone: AbortSignal;
  /** Resolves when all output is handed over: with null, or with why it could not be written (a full disk, say). */
  settleOutput(): Promise<Error | null>;
}

export interface Output {
  write(text: string): void;
  /** Writes what `add` adds to the text that it gets. For those who print a million lines; `write` is for everyone else. */
  compose(add: (text: ByteText) => void): void;
  /** Null when there is room for more; else resolves when there is, or when nothing can be written any more. */
  room(): Promise<void> | null;
  readonly isTTY: boolean;
  /** Columns of the terminal; undefined when it is none. */
  readonly columns: number | undefined;
}

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process's own streams and environment. */
export function processIo(): Io {
  let gone: AbortController | null = null;
  const readerGone = (): AbortController => (gone ??= new AbortController());
  let failure: Error | null = null;
  const out = new ProcessOutput({ fd: 1, open: () => process.stdout }, (error) => {
    // A pipe whose reader left is the end of the output, not an error.
    if (systemCode(error) !== 'EPIPE') failure = error;
    readerGone().abort();
  });
  const err = new ProcessOutput({ fd: 2, open: () => process.stderr }, () => {}, out);
  // What Node makes when it is first looked at is looked at by those that need it.
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: out,
    stderr: err,
    env: process.env,
    cwd: currentDirectory(process.env['PWD']),
    homedir: os.homedir(),
    key: `tell/${newPromptId()}`,
    now: () => Date.now(),
    onInterrupt(fn) {
      for (const signal of LEAVING) process.on(signal, fn);
      return () => {
        for (const signal of LEAVING) process.off(signal, fn);
      };
    },
    get readerGone() {
      return readerGone().signal;
    },
    async settleOutput() {
      await out.settle();
      return failure;
    },
  };
}

/** Where the command was typed, also when that directory was removed since (`conduxt clean`): the shell still knows. */
function currentDirectory(shellsOwn: string | undefined): string {
  try {
    return process.cwd();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    // Libraries ask the process for its directory, and none of them expects that there is none.
    process.chdir('/');
    return shellsOwn !== undefined && path.isAbsolute(shellsOwn) ? shellsOwn : '/';
  }
}
