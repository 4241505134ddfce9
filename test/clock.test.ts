import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pause, systemClock } from '../src/clock.ts';

describe('the clock', () => {
  it('does not take a time of more than 25 days for no time at all', async () => {
    const early: string[] = [];
    const stops = [30 * 86_400_000, 2 ** 31, Infinity].map((ms) => systemClock.after(ms, () => early.push(`${ms} ms`)));
    const left = new AbortController();
    const paused = pause(30 * 86_400_000, left.signal).then(() => early.push('pause'));
    // Whatever was due at once is due before this.
    for (let round = 0; round < 3; round += 1) await new Promise<void>((resolve) => systemClock.after(5, resolve));
    assert.deepEqual(early, []);
    for (const stop of stops) stop();
    left.abort();
    await paused;
  });

  it('calls once, and not after it was stopped', async () => {
    const called: number[] = [];
    const stop = systemClock.after(1, () => called.push(1));
    systemClock.after(1, () => called.push(2));
    stop();
    stop();
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
    assert.deepEqual(called, [2]);
  });
});
