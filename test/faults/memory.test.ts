import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { Machine } from '../e2e/scratch.ts';

const FULL = process.env['FAULTS'] === 'all';

/** Peak memory of a living process in MiB. */
const peakMiB = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe('an agent that floods', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  it('does not make its host grow beyond 120 MiB', { timeout: 300_000 }, async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'flood',
          steps: [
            { type: 'flood', count: FULL ? 100_000 : 5_000, bytes: 2_000 },
            { type: 'huge-line', bytes: 100_000_000 },
            { type: 'flood', count: FULL ? 50 : 10, bytes: 2_000_000 },
            { type: 'text', text: 'after the flood' },
          ],
        },
        { match: '.', steps: [{ type: 'text', text: 'ok' }] },
      ],
    });
    await machine.ok('start', 'x', 'be calm');
    const pid = foldSession(machine.journal()).life.host?.process.pid;
    assert.ok(pid !== undefined);
    const before = peakMiB(pid);
    await machine.ok('tell', 'x', 'flood');
    await machine.ok('wait', 'x', '--timeout', '4m');
    assert.equal(foldSession(machine.journal()).life.host?.process.pid, pid, 'the same host');
    const ends = machine.journal().flatMap((record) => (record.type === 'turn-ended' ? [record.lastMessage] : []));
    assert.match(ends[1] ?? '', /after the flood$/);
    const after = peakMiB(pid);
    const output = FULL ? 400 : 130;
    t.diagnostic(
      `host: ${before.toFixed(0)} MiB at its peak before ${output} MB of output, ${after.toFixed(0)} MiB after it`,
    );
    assert.ok(after < 120, `${after} MiB`);
  });
});
