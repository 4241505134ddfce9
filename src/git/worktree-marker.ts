import { setTimeout as delay } from 'node:timers/promises';
import { markedPids, SESSION_MARKER } from '../process/marker.ts';
import { sha256 } from '../text/sha256.ts';

/** Carried by every git process that works on the worktree at `path`, so that a later attempt can find it. */
export const worktreeMarker = (path: string): Record<string, string> => ({ [SESSION_MARKER]: markerOf(path) });

const markerOf = (path: string): string => `worktree-${sha256(path).slice(0, 24)}`;

/** Between fork and exec a process still shows its parent's environment: one look could miss it. */
const SECOND_LOOK_MS = 30;

/**
 * Ends every git process that works on the worktree at `path`. They are stopped before they are killed: a git that
 * sees its child die begins to clean up, and would be killed half-way through that instead.
 */
export async function endWorktreeProcesses(path: string, lookTwice: boolean): Promise<void> {
  const marker = markerOf(path);
  for (let calm = 0; ;) {
    const pids = markedPids(marker);
    for (const pid of pids) signal(pid, 'SIGSTOP');
    for (const pid of new Set([...pids, ...markedPids(marker)])) signal(pid, 'SIGKILL');
    calm = pids.length === 0 ? calm + 1 : 0;
    if (calm > (lookTwice ? 1 : 0)) return;
    await delay(calm === 0 ? 5 : SECOND_LOOK_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone in the meantime.
  }
}
