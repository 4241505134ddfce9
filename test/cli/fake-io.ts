import { Readable } from 'node:stream';
import type { Io, Output } from '../../src/cli/io.ts';
import { ByteText } from '../../src/text/byte-text.ts';
import { newPromptId } from '../../src/session/ids.ts';

export interface FakeIo extends Io {
  /** Everything printed on stdout so far. */
  out(): string;
  err(): string;
  /** Waits until somebody listens, as a person would. */
  pressCtrlC(): Promise<void>;
  closeOutput(): void;
}

interface FakeOptions {
  readonly stdin?: string;
  readonly stdoutIsTTY?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly homedir?: string;
  readonly nowMs?: number;
}

/** A command line's surroundings that a test can read. */
export function fakeIo(options: FakeOptions = {}): FakeIo {
  const written = { out: '', err: '' };
  const handlers = new Set<() => void>();
  const readerGone = new AbortController();
  const output = (stream: 'out' | 'err', isTTY: boolean): Output => ({
    write(text) {
      written[stream] += text;
    },
    compose(add) {
      const text = new ByteText();
      add(text);
      written[stream] += text.bytes.toString('utf8');
    },
    room: () => null,
    isTTY,
    columns: isTTY ? 100 : undefined,
  });
  return {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: output('out', options.stdoutIsTTY ?? false),
    stderr: output('err', false),
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    homedir: options.homedir ?? '/nonexistent',
    key: `tell/${newPromptId()}`,
    now: () => options.nowMs ?? Date.parse('2026-01-01T00:03:05.000Z'),
    onInterrupt(fn) {
      handlers.add(fn);
      return () => handlers.delete(fn);
    },
    readerGone: readerGone.signal,
    out: () => written.out,
    err: () => written.err,
    async pressCtrlC() {
      while (handlers.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      for (const handler of handlers) handler();
    },
    settleOutput: () => Promise.resolve(null),
    closeOutput: () => readerGone.abort(),
  };
}
