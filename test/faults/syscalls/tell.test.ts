import assert from 'node:assert/strict';
import { atEveryCall } from './every-call.ts';
import { foldedOf, journalOf, killHost, timesAsked, untilCalm } from './looks.ts';

const args = (key: string): string[] => ['tell', 'x', `say ${key} now`, '--key', key];

atEveryCall('tell', 'nothing acknowledged is lost, nothing is there twice', {
  script: { prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] },
  most: 80,
  victims: ['command', 'starting host', 'living host'],
  sample: [
    { victim: 'starting host', call: 'fdatasync', kind: 'signal=SIGKILL', nth: 2 },
    { victim: 'living host', call: 'pwrite64', kind: 'signal=SIGKILL', nth: 1 },
  ],
  prepare: async (machine) => void (await machine.ok('start', 'x', '--no-wait')),
  arrange: async (machine, key, victim) => {
    if (victim === 'living host') await machine.ok('tell', 'x', `wake for ${key}`, '--wait');
    return { args: args(key), session: 'x' };
  },
  promised: (machine, key) => {
    assert.ok(foldedOf(machine, 'x').prompts.byKey.has(key), 'acknowledged and lost');
  },
  settle: async (machine, key) => {
    await killHost(machine, 'x');
    await machine.ok(...args(key));
    await untilCalm(machine, 'x');
    const queued = journalOf(machine, 'x').filter((one) => one.type === 'prompt-queued' && one.key === key);
    assert.equal(queued.length, 1, 'one key, one prompt');
    const state = foldedOf(machine, 'x').prompts.byKey.get(key)?.state ?? 'lost';
    assert.ok(['done', 'unknown'].includes(state), state);
    const asked = timesAsked(machine, 'x', `say ${key} now`);
    assert.ok(state === 'done' ? asked === 1 : asked <= 1, `the agent was asked ${asked} times; it is ${state}`);
  },
});
