import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { admit, closedGate, due, MAX_LINES, type Gate } from '../../src/placement/match-gate.ts';

const limits = { times: 3, pauseMs: 10_000 };
const after = (lines: readonly string[], gate = closedGate): Gate => admit(gate, lines);

describe('lines that fit', () => {
  it('are told at once, then together after a pause, and as often as was asked for', () => {
    const first = due(after(['a']), limits, 0, false);
    assert.partialDeepStrictEqual(first, { type: 'tell', lines: ['a'], leftOut: 0 });
    assert.ok(first.type === 'tell');
    const soon = admit(first.gate, ['b']);
    assert.deepEqual(due(soon, limits, 4_000, false), { type: 'later', inMs: 6_000 });
    const second = due(admit(soon, ['c']), limits, 10_000, false);
    assert.partialDeepStrictEqual(second, { type: 'tell', lines: ['b', 'c'] });
    assert.ok(second.type === 'tell');
    const third = due(admit(second.gate, ['d']), limits, 30_000, false);
    assert.ok(third.type === 'tell');
    assert.deepEqual(due(admit(third.gate, ['e']), limits, 90_000, false), { type: 'over' });
  });

  it('are told without a pause when nothing more will come, and there is nothing to wait for then', () => {
    const { gate } = due(after(['a']), limits, 0, false) as Extract<ReturnType<typeof due>, { type: 'tell' }>;
    assert.partialDeepStrictEqual(due(admit(gate, ['last']), limits, 1, true), { type: 'tell', lines: ['last'] });
    assert.deepEqual(due(closedGate, limits, 0, true), { type: 'over' });
    assert.deepEqual(due(closedGate, limits, 0, false), { type: 'nothing' });
  });

  it('are counted, not kept, when there are too many', () => {
    const gate = after(Array.from({ length: MAX_LINES + 7 }, (_, at) => String(at)));
    assert.deepEqual([gate.waiting.length, gate.waiting[0], gate.leftOut], [MAX_LINES, '0', 7]);
  });

  it('never cost more tells than asked for, nor two within the pause, whatever is printed', () => {
    const steps = fc.array(fc.record({ inMs: fc.nat(30_000), lines: fc.array(fc.string(), { maxLength: 50 }) }));
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (all, times) => {
        let gate = closedGate;
        let nowMs = 0;
        const toldAt: number[] = [];
        for (const { inMs, lines } of all) {
          nowMs += inMs;
          gate = admit(gate, lines);
          const next = due(gate, { times, pauseMs: 10_000 }, nowMs, false);
          if (next.type !== 'tell') continue;
          toldAt.push(nowMs);
          ({ gate } = next);
        }
        assert.ok(toldAt.length <= times);
        toldAt.slice(1).forEach((ms, index) => assert.ok(ms - (toldAt[index] ?? 0) >= 10_000));
      }),
    );
  });
});
