import assert from 'node:assert/strict';
import type { Machine } from '../../e2e/scratch.ts';
import { atEveryCall } from './every-call.ts';
import { foldedOf, journalOf, watchdogs, timesAsked, untilFolded } from './looks.ts';

const openDecision = (machine: Machine): string | null => [...foldedOf(machine, 'x').life.decisions.keys()][0] ?? null;
/** Which question a key is about, for what follows. */
const asked = new Map<string, string>();

atEveryCall('answer', 'an answer that was taken reaches the agent, and once', {
  // It asks again after every answer.
  script: {
    prompts: [
      { match: '.', steps: [{ type: 'callback', status: 'need_clarification', fields: { summary: 'Which?' } }] },
    ],
  },
  most: 80,
  victims: ['command', 'starting host', 'living host'],
  sample: [{ victim: 'living host', call: 'fdatasync', kind: 'signal=SIGKILL', nth: 2 }],
  prepare: async (machine) => void (await machine.ok('run', 'Ask me.', '--name', 'x', '--no-wait', '--verify', 'true')),
  arrange: async (machine, key, victim) => {
    await untilFolded(machine, 'x', 'a question', ({ life }) => life.decisions.size === 1);
    const id = openDecision(machine) ?? '';
    asked.set(key, id);
    if (victim === 'living host') await machine.ok('watchdog', 'x');
    return { args: ['answer', id, `words ${key} now`], session: 'x' };
  },
  promised: (machine, key) => {
    const prompts = journalOf(machine, 'x').filter(
      (one) => one.type === 'prompt-queued' && one.key === `answer/${asked.get(key)}`,
    );
    assert.equal(prompts.length, 1, 'acknowledged and lost');
    assert.notEqual(openDecision(machine), asked.get(key));
  },
  settle: async (machine, key, { code }) => {
    const id = asked.get(key) ?? '';
    if (code !== 0) {
      const again = await machine.run('answer', id, `words ${key} now`);
      assert.ok(again.code === 0 || again.code === 4 || again.code === 6, `${again.code}: ${again.stderr}`);
    }
    await watchdogs(machine, 'x');
    await untilFolded(
      machine,
      'x',
      'the next question',
      ({ life }) => life.decisions.size === 1 && !life.decisions.has(id),
    );
    const prompts = journalOf(machine, 'x').filter((one) => one.type === 'prompt-queued' && one.key === `answer/${id}`);
    assert.equal(prompts.length, 1, 'one answer, one prompt');
    assert.ok(timesAsked(machine, 'x', `words ${key} now`) <= 1);
  },
});
