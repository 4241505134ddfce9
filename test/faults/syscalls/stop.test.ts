import assert from 'node:assert/strict';
import { markedPids } from '../../../src/process/marker.ts';
import { atEveryCall } from './every-call.ts';
import { foldedOf, idOf, journalOf, timesAsked, untilFolded } from './looks.ts';

atEveryCall('stop', 'a session that was said to be stopped is, and leaves no process', {
  script: {
    prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }],
  },
  most: 80,
  victims: ['command', 'starting host', 'living host'],
  sample: [
    { victim: 'living host', call: 'pwrite64', kind: 'signal=SIGKILL', nth: 2 },
    // The end of the turn: a journal that cannot be synced for want of room is not waited for.
    { victim: 'starting host', call: 'fdatasync', kind: 'error=ENOSPC', nth: 7 },
  ],
  arrange: async (machine, key) => {
    await machine.ok('start', key, `hang ${key} now`, '--no-wait');
    await untilFolded(machine, key, 'the turn', ({ prompts }) =>
      [...prompts.byId.values()].some(({ state }) => state === 'accepted'),
    );
    await machine.ok('tell', key, 'not yet said', '--key', 'after');
    return { args: ['stop', key], session: key };
  },
  promised: (machine, key) => {
    assert.equal(foldedOf(machine, key).life.stopped, true);
    // A host that is started for the stop may have come to hand it over.
    const after = foldedOf(machine, key).prompts.byKey.get('after')?.state ?? 'lost';
    assert.ok(['dropped', 'cancelled', 'unknown'].includes(after), `what was queued is ${after}`);
  },
  settle: async (machine, key) => {
    await machine.ok('stop', key);
    await machine.ok('stop', key);
    assert.equal(foldedOf(machine, key).life.stopped, true);
    const id = idOf(machine, key) ?? '';
    assert.deepEqual(markedPids(id), [], 'processes that are left');
    assert.ok(timesAsked(machine, key, 'not yet said') <= 1);
    assert.equal(journalOf(machine, key).filter(({ type }) => type === 'session-stopped').length, 1);
  },
});
