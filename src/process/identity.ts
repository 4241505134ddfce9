import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../session/events.ts';

let cachedBootId: string | undefined;

/** Changes with every boot: every pid recorded under another boot id is dead. */
export function bootId(): string {
  cachedBootId ??= readBootId();
  return cachedBootId;
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // macOS: the boot time is the closest there is.
    return outputOf('sysctl', ['-n', 'kern.boottime']);
  }
}

/**
 * When `pid` started, as text that never repeats for that pid on one boot; null when there is no such process.
 * A zombie counts as gone: it runs nothing any more.
 */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    } catch {
      return null;
    }
    // The program name may hold spaces and brackets: fields are counted from the last closing one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  }
  try {
    const text = outputOf('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return text === '' ? null : text;
  } catch {
    return null;
  }
}

/** The identity of a living process; null when it is gone. */
export function identityOf(pid: number): ProcessIdentity | null {
  const startTime = startTimeOf(pid);
  return startTime === null ? null : { pid, startTime, bootId: bootId() };
}

/** True only when the very process that was recorded still runs: a recycled pid or another boot is not it. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && startTimeOf(identity.pid) === identity.startTime;
}

/** Where there is no /proc. Loaded then only: it would cost every short command a tenth of its time. */
function outputOf(program: string, args: readonly string[]): string {
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}
