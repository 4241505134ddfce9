import { spawn, type ChildProcess } from 'node:child_process';
import os from 'node:os';
import { monotonicMs } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';

export interface DirectOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False: its output goes where ours goes. True: it is returned, for a caller that wants one document. */
  readonly collect: boolean;
}

export interface DirectResult {
  /** As a shell would say it: 128 and the signal's number for one that was ended. Null when it could not start. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Its beginning was left out. */
  readonly truncated: boolean;
  readonly durationMs: number;
  /** The system's code, when it could not start. */
  readonly startError: string | null;
}

/** Of each stream: the end is what says how it went. */
const MAX_COLLECTED_BYTES = 256 * 1024;

/** Runs a command here and now, in the caller's own terminal and process group. Never throws for what it does. */
export async function runDirect(argv: readonly string[], options: DirectOptions): Promise<DirectResult> {
  const [command = '', ...args] = argv;
  const began = monotonicMs();
  const [out, err] = [new Tail(MAX_COLLECTED_BYTES), new Tail(MAX_COLLECTED_BYTES)];
  const env = Object.fromEntries(
    Object.entries(options.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const pipe = options.collect ? 'pipe' : 'inherit';
  const child = spawn(command, args, { cwd: options.cwd, env, stdio: ['inherit', pipe, pipe] });
  child.stdout?.on('data', (bytes: Buffer) => out.add(bytes));
  child.stderr?.on('data', (bytes: Buffer) => err.add(bytes));
  const stop = handOnSignals(child);
  const end = await new Promise<Pick<DirectResult, 'exitCode' | 'signal' | 'startError'>>((resolve) => {
    child.once('error', (error) => {
      resolve({ exitCode: null, signal: null, startError: systemCode(error) ?? messageOf(error) });
    });
    child.once('close', (code, signal) => {
      const number = signal === null ? 0 : os.constants.signals[signal];
      resolve({ exitCode: code ?? 128 + number, signal, startError: null });
    });
  });
  stop();
  const durationMs = Math.round(monotonicMs() - began);
  return { ...end, stdout: out.text, stderr: err.text, truncated: out.truncated || err.truncated, durationMs };
}

/** A Ctrl-C of the terminal reaches the command by itself, and it decides what that means; being told to end does not. */
function handOnSignals(child: ChildProcess): () => void {
  const handlers = [
    ['SIGINT', () => {}],
    ['SIGTERM', () => child.kill('SIGTERM')],
    ['SIGHUP', () => child.kill('SIGHUP')],
  ] as const;
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** The last bytes of a stream. */
class Tail {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  truncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes - (this.#parts[0]?.length ?? 0) >= this.#maxBytes) {
      this.#bytes -= this.#parts.shift()?.length ?? 0;
      this.truncated = true;
    }
  }

  get text(): string {
    const all = Buffer.concat(this.#parts);
    if (all.length > this.#maxBytes) this.truncated = true;
    return all.subarray(-this.#maxBytes).toString('utf8');
  }
}
