import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Desk } from '../cli/scratch.ts';
import { handed, queued } from '../session/samples.ts';
import { noMemory, writeMemory } from '../../src/watchdog/memory.ts';

const dead = { pid: 999_999, startTime: '1', bootId: 'another-boot' };

describe('conduxt why', () => {
  it('shows every sensor, the rule, and that a host is started at the next look', async (t) => {
    const desk = new Desk(t);
    const started = { type: 'host-started', process: dead, version: '0' } as const;
    desk.session('lost', [started, queued('p-1'), handed('p-1')]);
    const { code, out } = await desk.run(['why', 'lost']);
    assert.equal(code, 0);
    for (const words of [/lost {2}crashed/, /host +it ended with the machine/, /turn +is open/, /rule +rebooted/]) {
      assert.match(out, words);
    }
    assert.match(out, /next +a new host is started/);
    assert.match(out, /watchdog +has not looked yet/);
  });

  it('shows when the next try is, and what the last one came to', async (t) => {
    const desk = new Desk(t);
    const started = { type: 'host-started', process: dead, version: '0' } as const;
    const { paths } = desk.session('lost', [started, queued('p-1')]);
    const nowMs = desk.io().now();
    const tries = [{ atMs: nowMs - 1000, why: 'its host died', problem: 'no such program' }];
    writeMemory(paths, {
      ...noMemory,
      tries,
      tried: 1,
      nextTryAtMs: nowMs + 60_000,
      countedAtMs: nowMs,
      rule: 'host-dead',
    });
    const why = JSON.parse((await desk.run(['why', 'lost', '--json'])).out) as Record<string, unknown>;
    assert.equal(why['nextAt'], new Date(nowMs + 60_000).toISOString());
    assert.equal(why['rule'], 'rebooted');
    assert.deepEqual(why['tries'], [
      { at: new Date(nowMs - 1000).toISOString(), why: 'its host died', problem: 'no such program' },
    ]);
  });
});
