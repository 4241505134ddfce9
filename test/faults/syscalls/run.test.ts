import assert from 'node:assert/strict';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';
import { atEveryCall } from './every-call.ts';
import { foldedOf, idOf, watchdogs, timesAsked } from './looks.ts';

const args = (key: string): string[] => ['run', `Mend ${key}.`, '--name', key, '--no-wait', '--verify', 'true'];
const script: Script = {
  prompts: [
    {
      match: '.',
      steps: [
        { type: 'shell', command: 'git commit -q --allow-empty -m work && date +%N > sum.txt && git commit -qam work' },
        { type: 'callback', status: 'completed', fields: { summary: 'done' } },
      ],
    },
  ],
};

atEveryCall('run --no-wait', 'a task that was acknowledged is there, and begins once', {
  script,
  most: 80,
  victims: ['command'],
  sample: [{ victim: 'command', call: 'fsync', kind: 'signal=SIGKILL', nth: 5 }],
  arrange: (_machine, key) => Promise.resolve({ args: args(key), session: null }),
  promised: (machine, key) => {
    assert.ok(idOf(machine, key) !== null, 'acknowledged and lost');
  },
  settle: async (machine, key) => {
    const again = await machine.run(...args(key));
    // Made, though nobody could say so: the name is taken, and by nothing else.
    assert.ok(again.code === 0 || again.code === 6, `${again.code}: ${again.stderr}`);
    await watchdogs(machine, key);
    await machine.ok('wait', key, '--timeout', '60s');
    assert.equal(foldedOf(machine, key).life.ended?.end, 'completed');
    assert.equal(timesAsked(machine, key, `Mend ${key}.`), 1);
  },
});
