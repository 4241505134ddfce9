import assert from 'node:assert/strict';
import { atEveryCall } from './every-call.ts';
import { foldedOf, killHost, lookUntil, watchdogs, timesAsked, untilCalm } from './looks.ts';

/** A host was killed in the middle of a turn, with a prompt behind it; the one that comes after it is hurt. */
atEveryCall('watchdog after a crash', 'the turn is unknown, the queue goes on, and nothing is said twice', {
  script: {
    prompts: [
      { match: 'hang \\S+ now', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] },
      { match: '.', steps: [{ type: 'text', text: 'ok' }] },
    ],
  },
  most: 80,
  victims: ['command', 'starting host'],
  sample: [{ victim: 'starting host', call: 'fdatasync', kind: 'signal=SIGKILL', nth: 3 }],
  prepare: async (machine) => void (await machine.ok('start', 'x', '--no-wait')),
  arrange: async (machine, key) => {
    await machine.ok('tell', 'x', `hang ${key} now`, '--key', `hang/${key}`);
    // A host that could not write leaves what it has acknowledged to whoever looks next.
    await lookUntil(machine, 'x', 'the turn', ({ prompts }) => prompts.byKey.get(`hang/${key}`)?.state === 'accepted');
    await machine.ok('tell', 'x', `after ${key} now`, '--key', `after/${key}`);
    await killHost(machine, 'x');
    return { args: ['watchdog', 'x'], session: 'x' };
  },
  promised: () => {},
  settle: async (machine, key) => {
    await watchdogs(machine, 'x');
    await untilCalm(machine, 'x');
    const { prompts } = foldedOf(machine, 'x');
    assert.equal(prompts.byKey.get(`hang/${key}`)?.state, 'unknown');
    const after = prompts.byKey.get(`after/${key}`)?.state ?? 'lost';
    assert.ok(after === 'done' || after === 'unknown', `what was queued behind it is ${after}`);
    assert.equal(timesAsked(machine, 'x', `hang ${key} now`), 1);
    assert.ok(timesAsked(machine, 'x', `after ${key} now`) <= 1);
  },
});
