import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The variable that marks the processes of one run of tests or set-up, beside the session's own marker: the agent of the
 * same session lives on meanwhile and must not be ended with them.
 */
export const RUN_MARKER = 'CONDUXT_RUN';

/** Ends what a run left behind outside its process group (`setsid`). Linux only; elsewhere the group is all there is. */
export async function endMarkedRun(runId: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  let left = pidsOfRun(runId);
  // TERM first; then KILL, repeated, because a process may fork between two looks.
  for (let round = 0; left.length > 0 && round < 40; round += 1) {
    for (const pid of left) signal(pid, round < 10 ? 'SIGTERM' : 'SIGKILL');
    await delay(50);
    left = pidsOfRun(runId);
  }
  return left;
}

function pidsOfRun(runId: string): number[] {
  const needle = Buffer.from(`\0${RUN_MARKER}=${runId}\0`);
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      // A zombie's environment reads as empty, so the dead are not found.
      const environ = readFileSync(`/proc/${entry}/environ`);
      return Buffer.concat([Buffer.from('\0'), environ]).includes(needle) ? [Number(entry)] : [];
    } catch {
      return []; // Gone in the meantime, or another user's.
    }
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone in the meantime.
  }
}
