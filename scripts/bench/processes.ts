import { readdirSync, readFileSync } from 'node:fs';
import { statFields, statOf } from '../../src/process/stat.ts';

/** Of `/proc/<pid>/stat`; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A process and all below it. */
export function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat !== null) parents.set(stat.pid, stat.parent);
  }
  const family = [root];
  for (const parent of family) for (const [pid, of] of parents) if (of === parent) family.push(pid);
  return family;
}

/** The processor time of these processes until now, in seconds; what is gone counts nothing. */
export const cpuSeconds = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = statFields(pid);
    return sum + (Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0)) / TICKS_PER_SECOND;
  }, 0);

/** The processes with `dir` in their environment, with their words. */
export function processesOf(dir: string): { readonly pid: number; readonly args: readonly string[] }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(dir)) return [];
      return [{ pid: Number(name), args: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return []; // It ended between the look and the reading, or is another user's.
    }
  });
}
