import assert from 'node:assert/strict';
import { atEveryCall } from './every-call.ts';
import { foldedOf, watchdogs, timesAsked, untilCalm, untilFolded } from './looks.ts';

/** A turn that ends only when it is cancelled, and a prompt behind it. */
atEveryCall('cancel', 'a turn that was said to be over is over, and the queue behind it goes on', {
  script: {
    prompts: [
      { match: 'hang', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] },
      { match: '.', steps: [{ type: 'text', text: 'ok' }] },
    ],
  },
  most: 80,
  victims: ['command', 'starting host', 'living host'],
  sample: [{ victim: 'living host', call: 'fdatasync', kind: 'signal=SIGKILL', nth: 1 }],
  prepare: async (machine) => void (await machine.ok('start', 'x', '--no-wait')),
  arrange: async (machine, key) => {
    await machine.ok('tell', 'x', `hang ${key} now`, '--key', `hang/${key}`);
    await untilFolded(
      machine,
      'x',
      'the turn',
      ({ prompts }) => prompts.byKey.get(`hang/${key}`)?.state === 'accepted',
    );
    await machine.ok('tell', 'x', `after ${key} now`, '--key', `after/${key}`);
    return { args: ['cancel', 'x'], session: 'x' };
  },
  promised: (machine, key) => {
    const state = foldedOf(machine, 'x').prompts.byKey.get(`hang/${key}`)?.state ?? 'lost';
    assert.ok(state === 'cancelled' || state === 'unknown', `the turn is ${state}`);
  },
  settle: async (machine, key) => {
    const isOpen = (): boolean => {
      const { prompts, turns } = foldedOf(machine, 'x');
      return turns.open !== null && turns.open.promptId === prompts.byKey.get(`hang/${key}`)?.id;
    };
    if (isOpen()) await machine.ok('cancel', 'x');
    await watchdogs(machine, 'x');
    await untilCalm(machine, 'x');
    const { prompts } = foldedOf(machine, 'x');
    const after = prompts.byKey.get(`after/${key}`)?.state ?? 'lost';
    // A cancel that is said again may meet the next turn: it is told as cancelled then, never forgotten.
    assert.ok(['done', 'unknown', 'cancelled'].includes(after), `what was queued behind it is ${after}`);
    for (const words of [`hang ${key} now`, `after ${key} now`]) assert.ok(timesAsked(machine, 'x', words) <= 1, words);
  },
});
