import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { logSince } from '../tmux/bounded-log.ts';
import { echoEnd } from './echo.ts';
import type { Terminal } from './terminal.ts';

/** A shell shows what is pasted at once; one that shows nothing (a password, another program) is not waited for long. */
const ECHO_PATIENCE_MS = 1_000;
const LOOK_MS = 20;
/** More than a command line may hold. */
const MAX_ECHO_BYTES = 4 * 1024 * 1024;

/** How far the log of a terminal has grown when a line that was typed into it, at `before`, stands there. */
export async function afterEcho(terminal: Terminal, line: string, before: number): Promise<number> {
  const { run } = terminal;
  if (run === null) return before;
  const end = monotonicMs() + ECHO_PATIENCE_MS;
  do {
    const printed = logSince(run, before, MAX_ECHO_BYTES);
    const at = echoEnd(printed, line);
    if (at !== null) return before + Buffer.byteLength(printed.slice(0, at));
    await delay(LOOK_MS);
  } while (monotonicMs() < end);
  return before;
}
