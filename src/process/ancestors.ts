import { readFileSync } from 'node:fs';
import { SESSION_MARKER } from './marker.ts';
import { statOf } from './stat.ts';

export interface Ancestors {
  /** Pids of our parent, its parent, and so on. */
  readonly pids: ReadonlySet<number>;
  /** Session ids whose marker we or one of them carries. */
  readonly sessions: ReadonlySet<string>;
}

/**
 * Who started us. A process that unset its own marker is still told by its parents; one that left them as well is not.
 * Parents are found on Linux only: elsewhere there is only our own marker.
 */
export function ancestorsOf(env: Readonly<Record<string, string | undefined>>): Ancestors {
  const pids = new Set<number>();
  const sessions = new Set<string>();
  const add = (marker: string | undefined): void => {
    // A step (set-up, tests) runs what the agent wrote.
    if (marker !== undefined && marker !== '') sessions.add(marker.replace(/\.step$/, ''));
  };
  add(env[SESSION_MARKER]);
  for (let pid = process.ppid; pid > 1 && !pids.has(pid); pid = statOf(pid)?.parent ?? 0) {
    pids.add(pid);
    add(markerOf(pid));
  }
  return { pids, sessions };
}

function markerOf(pid: number): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return variables.find((variable) => variable.startsWith(`${SESSION_MARKER}=`))?.slice(SESSION_MARKER.length + 1);
  } catch {
    // Another user's, or gone.
    return undefined;
  }
}
