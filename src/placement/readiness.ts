import { watch, type FSWatcher } from 'node:fs';
import { monotonicMs } from '../clock.ts';
import { stripAnsi } from '../text/sanitize.ts';
import { logSince } from '../tmux/bounded-log.ts';
import type { TerminalDesk } from './desk.ts';
import type { Terminal } from './terminal.ts';

/**
 * What came of waiting. `running-or-hung`: the time is over, and nobody can say which of both; it goes on.
 */
export type Readiness =
  | { readonly state: 'ready'; readonly matched: string }
  | { readonly state: 'ended'; readonly exitCode: number | null }
  | { readonly state: 'running-or-hung' }
  | { readonly state: 'left' };

/** Between looks where nothing announces a change; its log does, at once. */
const PULSE_MS = 1_000;
/** The words that are waited for come near the end of what was printed. */
const MAX_READ_BYTES = 256 * 1024;
const MAX_LINE_CHARS = 4_096;

/** A person's own expression; case counts as little as for one who reads. @throws SyntaxError for none. */
export const asPattern = (text: string): RegExp => new RegExp(text, 'i');

/** The first of `lines` in which it occurs. */
export function firstMatch(text: string, pattern: RegExp): string | null {
  const lines = stripAnsi(text).split(/\r\n|\n|\r/);
  return lines.map((line) => line.slice(0, MAX_LINE_CHARS)).find((line) => pattern.test(line)) ?? null;
}

export interface Waiting {
  /** Null: until a shell waits for words again. */
  readonly pattern: RegExp | null;
  readonly timeoutMs: number;
  /** So much of its log is older news; absent: all of it counts. */
  readonly fromByte?: number;
  readonly leave: AbortSignal;
}

/** Waits until a terminal has printed something, or its shell is idle again; looks after every change of its log. */
export async function awaitReady(desk: TerminalDesk, terminal: Terminal, waiting: Waiting): Promise<Readiness> {
  const end = monotonicMs() + waiting.timeoutMs;
  for (;;) {
    const now = await desk.refresh(terminal);
    const matched = await seen(desk, now, waiting);
    if (matched !== null) return { state: 'ready', matched };
    if (now.state === 'ended') return { state: 'ended', exitCode: now.exit?.exitCode ?? null };
    if (now.state === 'gone') return { state: 'ended', exitCode: null };
    const leftMs = end - monotonicMs();
    if (leftMs <= 0) return { state: 'running-or-hung' };
    if (waiting.leave.aborted) return { state: 'left' };
    await change(now, Math.min(leftMs, PULSE_MS), waiting.leave);
  }
}

async function seen(desk: TerminalDesk, now: Terminal, { pattern, fromByte = 0 }: Waiting): Promise<string | null> {
  if (pattern === null) return now.state === 'idle' ? 'the shell waits for words' : null;
  const screen = now.run === null && now.pane !== null ? await desk.server.capture(now.pane.paneId) : null;
  return firstMatch(screen ?? printed(now, fromByte), pattern);
}

const printed = ({ run }: Terminal, fromByte: number): string =>
  run === null ? '' : logSince(run, fromByte, MAX_READ_BYTES);

/** After the next change of its files, or `withinMs`. */
function change({ run }: Terminal, withinMs: number, leave: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | null = null;
    const done = (): void => {
      clearTimeout(timer);
      watcher?.close();
      leave.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, withinMs);
    leave.addEventListener('abort', done, { once: true });
    try {
      if (run !== null) {
        watcher = watch(run.dir, done);
        watcher.on('error', done);
      }
    } catch {
      // No more watches to be had: the pulse is left.
    }
  });
}
