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
  const fields = statFields(pid);
  if (fields === null) return null;
  const [state, parent, group, ...rest] = fields;
  return {
    pid,
    isZombie: state === 'Z' || state === 'X',
    parent: Number(parent),
    group: Number(group),
    startTime: rest[16] ?? 'unknown',
  };
}

/** The fields of `/proc/<pid>/stat` from the state on, behind the name, which may hold spaces and brackets. Null as above. */
export function statFields(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
