import { ExitCode, unreachable } from '../errors.ts';
import type { TerminalDesk } from '../placement/desk.ts';
import { awaitReady, type Readiness, type Waiting } from '../placement/readiness.ts';
import type { Terminal } from '../placement/terminal.ts';
import { oneLine } from '../text/sanitize.ts';
import type { VerbContext } from './context.ts';
import { onCtrlC } from './ctrl-c.ts';

/** Waits for a terminal; Ctrl-C ends the waiting and nothing else. */
export async function waitUntilReady(
  { io }: VerbContext,
  desk: TerminalDesk,
  terminal: Terminal,
  waiting: Omit<Waiting, 'leave'>,
): Promise<Readiness> {
  const interrupt = onCtrlC(io);
  try {
    return await awaitReady(desk, terminal, { ...waiting, leave: interrupt.signal });
  } finally {
    interrupt.dispose();
  }
}

/** @param ready null: nobody waited. */
export function readyExitCode(ready: Readiness | null): number {
  switch (ready?.state) {
    case undefined:
    case 'ready':
      return ExitCode.done;
    case 'ended':
      return ExitCode.taskFailed;
    case 'running-or-hung':
      return ExitCode.timedOut;
    case 'left':
      return ExitCode.interrupted;
    default:
      return unreachable(ready, 'readiness');
  }
}

export function readyWords(ready: Readiness | null): string {
  switch (ready?.state) {
    case undefined:
      return '';
    case 'ready':
      return `; ready: ${oneLine(ready.matched, 160)}`;
    case 'ended':
      return `; it ended before it was ready (exit code ${ready.exitCode ?? 'unknown'})`;
    case 'running-or-hung':
      return '; not ready in time: it is still running or hung';
    case 'left':
      return '; no longer waited for';
    default:
      return unreachable(ready, 'readiness');
  }
}
