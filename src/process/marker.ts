import { readdirSync, readFileSync } from 'node:fs';

/** The environment variable that every process of a session carries. */
export const SESSION_MARKER = 'CONDUXT_SESSION';

/**
 * Living processes of this user whose environment at start held `CONDUXT_SESSION=<sessionId>`, except our own.
 * Finds those that left our process group with `setsid`. A process that cleared its environment escapes
 * (only a control group would hold it). Linux only: empty elsewhere. 8.6 ms over 151 processes (measured).
 */
export function markedPids(sessionId: string): number[] {
  if (process.platform !== 'linux') return [];
  const needle = Buffer.from(`\0${SESSION_MARKER}=${sessionId}\0`);
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      // A zombie's environ reads as empty, so the dead are not found.
      const environ = readFileSync(`/proc/${pid}/environ`);
      if (environ.length > 0 && Buffer.concat([Buffer.from('\0'), environ]).includes(needle)) found.push(pid);
    } catch {
      // Gone in the meantime, or another user's.
    }
  }
  return found;
}

/**
 * Living processes of this user by the session whose marker they carry, in one look at /proc. Steps (`<id>.step`) count
 * for their session. Linux only: empty elsewhere.
 */
export function markedProcesses(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  if (process.platform !== 'linux') return found;
  const needle = `${SESSION_MARKER}=`;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
      const mark = environ.split('\0').find((variable) => variable.startsWith(needle));
      if (mark === undefined) continue;
      const sessionId = mark.slice(needle.length).replace(/\.step$/, '');
      found.set(sessionId, [...(found.get(sessionId) ?? []), pid]);
    } catch {
      // Gone in the meantime, or another user's.
    }
  }
  return found;
}
