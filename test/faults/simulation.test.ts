import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { simulate } from './simulation.ts';

/** `npm run test:faults` asks for the full number; FAULT_SEED plays one again. */
const SEEDS = Number(process.env['FAULT_SEEDS'] ?? '300');
const ONLY = process.env['FAULT_SEED'];

describe('the fold and the next action, simulated', () => {
  it(`keep every promise over ${ONLY ?? `${SEEDS} seeds`}, with crashes after any step`, () => {
    const seeds = ONLY === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(ONLY)];
    const failed: string[] = [];
    const sums = { crashes: 0, acknowledged: 0, ends: new Map<string, number>() };
    for (const seed of seeds) {
      const { wrong, history, folded, journal } = simulate(seed);
      sums.crashes += history.crashes;
      sums.acknowledged += history.acknowledged.length;
      const end = folded.life.ended?.end ?? 'open';
      sums.ends.set(end, (sums.ends.get(end) ?? 0) + 1);
      if (wrong.length > 0) failed.push(`FAULT_SEED=${seed}: ${wrong.join('; ')}`);
      if (ONLY !== undefined) for (const one of journal) process.stdout.write(`${JSON.stringify(one)}\n`);
    }
    assert.deepEqual(failed.slice(0, 10), [], `${failed.length} seeds failed`);
    if (ONLY !== undefined) return;
    // A simulation in which nothing happens proves nothing.
    assert.ok(sums.crashes > SEEDS && sums.acknowledged > SEEDS, JSON.stringify(sums));
    for (const end of ['completed', 'failed', 'cancelled']) assert.ok((sums.ends.get(end) ?? 0) > 0, end);
  });

  it('is the same for the same seed', () => {
    assert.deepEqual(simulate(7).journal, simulate(7).journal);
  });
});
