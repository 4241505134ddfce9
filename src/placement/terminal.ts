import { statSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '../process/identity.ts';
import type { PaneFacts } from '../tmux/pane-list.ts';
import {
  readExit,
  readStarted,
  runDirectories,
  type ExitRecord,
  type RunDirectory,
  type Started,
} from '../tmux/run-directory.ts';
import { foregroundOf, groupOf } from './foreground.ts';
import { runRoot, type TerminalRecord } from './ledger.ts';

/**
 * `running`: a program has it. `idle`: a shell waits for words. `ended`: its program is over, and how is written down.
 * `gone`: neither a pane nor a word about its end (the machine or the tmux server was stopped).
 */
export const terminalStates = ['running', 'idle', 'ended', 'gone'] as const;
export type TerminalState = (typeof terminalStates)[number];

/** One terminal as it is now. */
export interface Terminal {
  readonly record: TerminalRecord;
  readonly state: TerminalState;
  /** Null when it is gone; an ended one may still show its last screen. */
  readonly pane: PaneFacts | null;
  /** Null for an adopted one. */
  readonly run: RunDirectory | null;
  readonly started: Started | null;
  readonly exit: ExitRecord | null;
  /** What has the keyboard; null when nothing runs, or a shell waits. */
  readonly foreground: string | null;
  /** Milliseconds since 1970; null when nothing is known. */
  readonly lastActivityMs: number | null;
}

/** @param panes every pane of the private server, from one call. */
export function terminalNow(home: string, written: TerminalRecord, panes: readonly PaneFacts[]): Terminal {
  const run = runDirectories(runRoot(home, written.id))[0] ?? null;
  const started = run === null ? null : readStarted(run);
  // Its maker was killed before it could write down the pane: the supervisor knows it.
  const seen = started === null ? null : { paneId: started.paneId, process: started.supervisor };
  const record = { ...written, pane: written.pane ?? seen };
  const exit = run === null ? null : readExit(run);
  const pane = paneOf(record, panes);
  const lastActivityMs = lastActivity(run, pane);
  const known = { record, pane, run, started, exit, lastActivityMs };
  if (exit !== null) return { ...known, state: 'ended', foreground: null };
  const isBeingMade = record.pane === null && record.maker !== null && isAlive(record.maker);
  if (isBeingMade) return { ...known, state: 'running', foreground: record.command?.[0] ?? 'shell' };
  const isRunning = record.pane !== null && isAlive(record.pane.process);
  if (!isRunning || pane === null) return { ...known, state: 'gone', foreground: null };
  const foreground = foregroundName(record, started, pane);
  return { ...known, state: foreground === null ? 'idle' : 'running', foreground };
}

/** By number and process: the number alone may belong to another pane by now. */
const paneOf = ({ pane }: TerminalRecord, panes: readonly PaneFacts[]): PaneFacts | null =>
  panes.find(({ paneId, pid }) => paneId === pane?.paneId && pid === pane.process.pid) ?? null;

/** Null: a shell has the keyboard, and waits. */
function foregroundName(record: TerminalRecord, started: Started | null, pane: PaneFacts): string | null {
  const { supervised } = record;
  const shellPid = supervised ? (started?.agentPid ?? null) : pane.pid;
  const own = record.command === null ? null : path.basename(record.command[0] ?? '');
  const now = foregroundOf(pane.pid);
  // Where the kernel cannot be asked, tmux's word counts; for a program of ours that would be its supervisor.
  if (now === null) return own ?? (!supervised && !isShell(pane.command) ? pane.command : null);
  if (supervised && now.group === groupOf(pane.pid)) return own ?? 'shell';
  const isOwnShell = record.command === null && shellPid !== null && now.group === shellPid;
  return isOwnShell && isShell(now.program ?? 'sh') ? null : (now.program ?? own ?? 'unknown');
}

/** Names of programs that wait for commands. */
export const isShell = (program: string): boolean => /^-?(?:ba|da|z|fi|k|mk|a|tc|c|pw)?sh$/.test(program);

function lastActivity(run: RunDirectory | null, pane: PaneFacts | null): number | null {
  const log = run === null ? undefined : statSync(run.log, { throwIfNoEntry: false });
  // tmux counts its own redraws as activity of a pane it just made; the log holds what was printed.
  const times = [
    log?.size === 0 ? log.birthtimeMs : log?.mtimeMs,
    log === undefined ? (pane?.activity ?? 0) * 1000 : 0,
  ];
  const last = Math.max(...times.filter((time) => time !== undefined));
  return last > 0 ? Math.round(last) : null;
}
