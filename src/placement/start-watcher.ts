import { spawn } from 'node:child_process';
import { SESSION_MARKER } from '../process/marker.ts';
import { ownProgram } from '../tmux/programs.ts';
import { sizeOf } from '../tmux/run-directory.ts';
import { orderFile, writeOrder } from './match-order.ts';
import type { Terminal } from './terminal.ts';

export interface TellOrder {
  readonly pattern: RegExp;
  /** The session's id. */
  readonly sessionId: string;
  /** What had been printed before the command was given; 0 for a terminal that was made for it. */
  readonly fromByte: number;
  /** How often it is told at most. */
  readonly times: number;
}

/** What fits is gathered for so long after a tell: an agent takes its time, and its turns cost something. */
const PAUSE_MS = 10_000;

/** How far the log of a terminal has grown. */
export const printedBytes = ({ run }: Terminal): number => (run === null ? 0 : sizeOf(run.log));

/**
 * Starts the program that tells a session when the terminal prints something. It carries the terminal's mark, so it ends
 * with it. False for a terminal without a log: nobody could watch it.
 */
export function startWatcher(
  home: string,
  { record, run }: Terminal,
  { pattern, sessionId, fromByte, times }: TellOrder,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (run === null || record.pane === null) return false;
  const file = orderFile(home, record.id);
  const head = { terminalId: record.id, terminalName: record.name, sessionId, pattern: pattern.source };
  const limits = { times, pauseMs: PAUSE_MS };
  writeOrder(file, { ...head, ...limits, logFile: run.log, fromByte, process: record.pane.process });
  const [node, flag, program] = ownProgram('match-watcher.js', '../placement/match-watcher.ts');
  const child = spawn(node, [flag, program, file], {
    cwd: '/',
    env: { ...env, [SESSION_MARKER]: record.id },
    detached: true,
    stdio: 'ignore',
  });
  // What cannot be started is missed by whoever looks at the order; there is nobody else to tell.
  child.on('error', () => {});
  child.unref();
  return true;
}
