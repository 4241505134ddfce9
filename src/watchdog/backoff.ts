import type { WatchMemory } from './memory.ts';
import type { WatchSettings } from './settings.ts';

type Periods = Pick<WatchSettings, 'intervalMs' | 'giveUpMs'>;

/** The pause after the `tried`-th try in a row: 3, 6, 12 minutes … by default, never beyond the time of giving up. */
export function pauseAfter(tried: number, { intervalMs, giveUpMs }: Periods): number {
  // 2^40 intervals are longer than any limit, and still a number.
  return Math.min(intervalMs * 2 ** Math.min(Math.max(0, tried - 1), 40), giveUpMs);
}

/**
 * The failing time up to now. An interval counts for at most the pause that was planned in it and one more period: a
 * machine that was off, or a clock that was set, must not use up the hours in which recovery is tried.
 */
export function failingUntil(memory: WatchMemory, nowMs: number, periods: Periods): number {
  if (memory.countedAtMs === null) return memory.failingMs;
  const passed = Math.max(0, nowMs - memory.countedAtMs);
  const planned = pauseAfter(memory.tried, periods) + periods.intervalMs;
  return memory.failingMs + Math.min(passed, planned);
}

/**
 * Looks come on a beat, each a little sooner or later in it than the one before: cron starts a process, a look has other
 * sessions first. Without this part of an interval as room, every second try would wait for one look more.
 */
const ROOM = 0.1;

/** A time of trying again that lies further ahead than any pause can be comes from a clock that was set back. */
export function isDue(memory: WatchMemory, nowMs: number, periods: Periods): boolean {
  if (memory.nextTryAtMs === null) return true;
  const aheadMs = memory.nextTryAtMs - nowMs;
  return aheadMs <= periods.intervalMs * ROOM || aheadMs > pauseAfter(memory.tried, periods);
}
