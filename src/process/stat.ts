import { readFileSync } from 'node:fs';

/** What /proc says about one process, zombies included. */
export interface ProcessStat {
  readonly pid: number;
  /** It runs nothing any more, and holds its number until its parent has reaped it. */
  readonly isZombie: boolean;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
}

/** Null when there is no such process, or no /proc. */
export function statOf(pid: number): ProcessStat | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The program name may hold spaces and brackets: fields are counted from the last closing one.
  const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    isZombie: state === 'Z' || state === 'X',
    parent: Number(parent),
    group: Number(group),
    startTime: rest[16] ?? 'unknown',
  };
}
