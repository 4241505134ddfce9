import { existsSync } from 'node:fs';
import { sanitize, stripAnsi } from '../text/sanitize.ts';
import { endOfLog } from '../tmux/bounded-log.ts';
import type { TmuxServer } from '../tmux/server.ts';
import type { Terminal } from './terminal.ts';

export interface CaptureWish {
  /** `screen`: what is visible; a number: so many of the last lines; `all`: everything there is. */
  readonly extent: 'screen' | 'all' | number;
  /** Only lines in which it occurs; null: all. */
  readonly pattern: RegExp | null;
}

export interface Captured {
  /** Sanitized, without terminal sequences and without empty lines at the end. */
  readonly lines: readonly string[];
  /** `terminal`: as it stood on the screen. `log`: of one that is gone, so redraws are in it. */
  readonly from: 'terminal' | 'log';
  /** What was printed first is not there any more. */
  readonly isCut: boolean;
}

/** A log of days is not read whole for its end; whole, it is as long as its supervisor lets it be. */
const END_OF_LOG_BYTES = 4 * 1024 * 1024;
const WHOLE_LOG_BYTES = 32 * 1024 * 1024;

/** What a terminal shows or has shown. Disturbs nothing. */
export async function captureTerminal(server: TmuxServer, terminal: Terminal, wish: CaptureWish): Promise<Captured> {
  const { pane, run } = terminal;
  const shown = pane === null ? null : await server.capture(pane.paneId, { history: wish.extent !== 'screen' });
  if (shown !== null) return { lines: chosen(shown, wish), from: 'terminal', isCut: false };
  if (run === null) return { lines: [], from: 'log', isCut: false };
  const text = endOfLog(run, wish.extent === 'all' ? WHOLE_LOG_BYTES : END_OF_LOG_BYTES);
  return { lines: chosen(stripAnsi(text), wish), from: 'log', isCut: existsSync(run.logCut) };
}

/** The lines that were asked for: first the extent, then the pattern. */
export function chosen(text: string, { extent, pattern }: CaptureWish): string[] {
  const all = sanitize(text).trimEnd().split('\n');
  const lines = all.length === 1 && all[0] === '' ? [] : all.map((line) => line.trimEnd());
  const within = typeof extent === 'number' ? lines.slice(-extent) : lines;
  return pattern === null ? within : within.filter((line) => pattern.test(line));
}
