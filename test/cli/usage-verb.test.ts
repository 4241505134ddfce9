import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCost, parseTokens } from '../../src/cli/budget-options.ts';
import type { Usage } from '../../src/session/events.ts';
import type { UsageJson } from '../../src/views/usage.ts';
import { ended, handed, queued } from '../session/samples.ts';
import { Desk } from './scratch.ts';

const spent: Usage = { inputTokens: 1000, outputTokens: 200, totalTokens: 1200, costAmount: 0.5, costCurrency: 'USD' };
const turn = (id: string, usage: Usage = spent) => [queued(id), handed(id), ended(id, { usage })];
/** The samples' turns end in November 2023. */
const nowMs = 1_700_000_100_000;

describe('conduxt usage', () => {
  it('sums up days and sessions, those that gave their name away as well', async (t) => {
    const desk = new Desk(t);
    desk.session('one', turn('p-1'));
    desk.session('two', turn('p-2', { ...spent, costAmount: 1 }));
    const { code, out } = await desk.run(['usage', '--json'], { nowMs });
    assert.equal(code, 0);
    const { days, sessions, total } = JSON.parse(out) as UsageJson;
    assert.deepEqual([days.length, days[0]?.sessions, sessions.length, total.costs['USD']], [1, 2, 2, 1.5]);
    const text = await desk.run(['usage'], { nowMs });
    assert.match(text.out, /^DAY .*\n2023-11-1\d +2 +2 +2\.0k +400 +2\.4k +1\.50 USD\n/);
  });

  it('looks at as many days as it is told, today among them', async (t) => {
    const desk = new Desk(t);
    desk.session('one', turn('p-1'));
    const later = nowMs + 3 * 86_400_000;
    assert.match((await desk.run(['usage', '--days', '3'], { nowMs: later })).err, /No turn ended in this repository/);
    assert.match((await desk.run(['usage', '--days', '4'], { nowMs: later })).out, /^DAY/);
  });

  it('shows one session turn by turn', async (t) => {
    const desk = new Desk(t);
    desk.session('one', [...turn('p-1'), ...turn('p-2', { ...spent, costAmount: 0.75 })]);
    const { out } = await desk.run(['usage', 'one', '--json'], { nowMs });
    const { turns } = JSON.parse(out) as { turns: { usage: Usage }[] };
    assert.deepEqual(
      turns.map(({ usage }) => usage.costAmount),
      [0.5, 0.25],
    );
    assert.equal((await desk.run(['usage', 'nobody'])).code, 4);
  });
});

describe('the options of a budget', () => {
  it('read amounts as people write them', () => {
    const cases = [
      ['50000', 50_000],
      ['200k', 200_000],
      ['1.5M', 1_500_000],
      ['1.005k', 1005],
    ] as const;
    for (const [text, count] of cases) assert.equal(parseTokens(text), count);
    for (const text of ['0', '-5', '1.5', 'many', '2G', '']) assert.throws(() => parseTokens(text), text);
    assert.deepEqual(['5', '0.50'].map(parseCost), [5, 0.5]);
    for (const text of ['0', '-1', '1e3', 'five']) assert.throws(() => parseCost(text), text);
  });
});
