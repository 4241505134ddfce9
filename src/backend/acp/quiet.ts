import type { Clock } from '../../clock.ts';

/**
 * Waits until nothing has come for `quietMs`, at most `maxMs`. v1 has no mark for the end of a replay or of a turn's
 * last words except silence.
 * @param lastAt when something came last, by `clock.monotonic()`.
 */
export async function untilQuiet(lastAt: () => number, quietMs: number, maxMs: number, clock: Clock): Promise<void> {
  const end = clock.monotonic() + maxMs;
  for (;;) {
    const now = clock.monotonic();
    const wakeAt = Math.min(lastAt() + quietMs, end);
    if (wakeAt <= now) return;
    await new Promise<void>((resolve) => clock.after(wakeAt - now, resolve));
  }
}
