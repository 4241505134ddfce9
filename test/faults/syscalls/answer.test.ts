import assert from 'node:assert/strict';
import type { Machine } from '../../e2e/scratch.ts';
import { atEveryCall } from './every-call.ts';
import { foldedOf, insist, journalOf, lookUntil, timesAsked, untilFolded } from './looks.ts';

const openDecision = (machine: Machine, name: string): string | null =>
  [...foldedOf(machine, name).life.decisions.keys()][0] ?? null;
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
  sample: [
    { victim: 'living host', call: 'fdatasync', kind: 'signal=SIGKILL', nth: 2 },
    { victim: 'living host', call: 'fdatasync', kind: 'error=EIO', nth: 1 },
  ],
  arrange: async (machine, key, victim) => {
    // A task for each place: one that is interrupted again and again is given up.
    await machine.ok('run', 'Ask me.', '--name', key, '--no-wait', '--verify', 'true');
    await untilFolded(machine, key, 'a question', ({ life }) => life.decisions.size === 1);
    const id = openDecision(machine, key) ?? '';
    asked.set(key, id);
    if (victim === 'living host') await machine.ok('watchdog', key);
    return { args: ['answer', id, `words ${key} now`], session: key };
  },
  promised: (machine, key) => {
    const prompts = journalOf(machine, key).filter(
      (one) => one.type === 'prompt-queued' && one.key === `answer/${asked.get(key)}`,
    );
    assert.equal(prompts.length, 1, 'acknowledged and lost');
    assert.notEqual(openDecision(machine, key), asked.get(key));
  },
  settle: async (machine, key, { code }) => {
    const id = asked.get(key) ?? '';
    if (code !== 0) {
      const again = await insist(machine, key, 'answer', id, `words ${key} now`);
      assert.ok(again.code === 0 || again.code === 4 || again.code === 6, `${again.code}: ${again.stderr}`);
    }
    await lookUntil(
      machine,
      key,
      'the next question',
      ({ life }) => life.decisions.size === 1 && !life.decisions.has(id),
    );
    const prompts = journalOf(machine, key).filter((one) => one.type === 'prompt-queued' && one.key === `answer/${id}`);
    assert.equal(prompts.length, 1, 'one answer, one prompt');
    assert.ok(timesAsked(machine, key, `words ${key} now`) <= 1);
  },
});
