import { closeSync, constants, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';

/** Two looks may fall out: one that took long, one while the machine was just coming up. */
const MISSED = 3;
/** Cron counts in minutes; a timer has its accuracy. */
const LATE_MS = 60_000;

export interface LastLook {
  /** When all sessions were last looked at, whoever did it; null: never since the watchdog was installed. */
  readonly atMs: number | null;
  /** From when on the next one is waited for. */
  readonly sinceMs: number;
}

const fileIn = (directory: string): string => path.join(directory, 'last-look');

/** Null when nobody ever looked or installed a watchdog. @param directory see `watchdogDirectory` */
export function lastLook(directory: string): LastLook | null {
  try {
    const atMs = Date.parse(readFileSync(fileIn(directory), 'utf8').trim());
    const sinceMs = statSync(fileIn(directory)).mtimeMs;
    return Number.isNaN(atMs) ? { atMs: null, sinceMs } : { atMs, sinceMs: Math.max(atMs, sinceMs) };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

/** `atMs` null: from now on it is waited for. Written without ceremony; a disk that is full changes nothing else. */
export function noteLook(directory: string, atMs: number | null): void {
  try {
    // Not emptied first: on a full disk the time before stays. Each is as long as the other.
    const file = openSync(fileIn(directory), atMs === null ? 'w' : constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeFileSync(file, atMs === null ? '' : `${new Date(atMs).toISOString()}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

/** True when looks should have come, and did not: cron does not run, say, or a look hangs. */
export const isOverdue = (look: LastLook | null, intervalMs: number, nowMs: number): boolean =>
  look !== null && nowMs - look.sinceMs > MISSED * intervalMs + LATE_MS;
