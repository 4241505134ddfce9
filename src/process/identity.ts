import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../session/events.ts';
import { statOf } from './stat.ts';

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
    return outputOf('/usr/sbin/sysctl', ['-n', 'kern.boottime']);
  }
}

/**
 * When `pid` started, as text that never repeats for that pid on one boot; null when there is no such process.
 * A zombie counts as gone: it runs nothing any more.
 */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = statOf(pid);
    return stat === null || stat.isZombie ? null : stat.startTime;
  }
  try {
    const text = outputOf('/bin/ps', ['-o', 'lstart=', '-p', String(pid)]);
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
