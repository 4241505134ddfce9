import { endTree } from '../process/group.ts';
import { isAlive } from '../process/identity.ts';
import type { TmuxServer } from '../tmux/server.ts';
import type { ProcessIdentity } from '../session/events.ts';
import type { TerminalRecord } from './ledger.ts';
import type { Terminal } from './terminal.ts';

/** Between TERM and KILL. */
export const TERM_PATIENCE_MS = 5_000;
/** An interactive shell ignores TERM and leaves on a hang-up, as if its window had been closed. */
const HANG_UP_PATIENCE_MS = 1_500;

/**
 * Ends what runs in a terminal and everything that it started (by process group and marker), then its pane. Safe when it
 * is over already.
 * @returns the pids that could not be ended.
 */
export async function endTerminal(server: TmuxServer, terminal: Terminal): Promise<readonly number[]> {
  const { record, pane } = terminal;
  // What was adopted is not ours: tmux hangs it up as if its window had been closed.
  const left = record.supervised && record.pane !== null ? await endSupervised(record, record.pane.process) : [];
  // By id, looked up a moment ago; also what is over still holds its name.
  if (pane !== null) await server.endSession(pane.sessionId);
  return left;
}

async function endSupervised(record: TerminalRecord, supervisor: ProcessIdentity): Promise<readonly number[]> {
  const isShell = record.command === null;
  if (isShell && isAlive(supervisor)) hangUp(supervisor.pid);
  const patienceMs = isShell ? HANG_UP_PATIENCE_MS : 0;
  return endTree(supervisor, { sessionId: record.id, patienceMs, termPatienceMs: TERM_PATIENCE_MS });
}

function hangUp(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
  } catch {
    // Gone in the meantime.
  }
}
