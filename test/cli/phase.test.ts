import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Machine } from '../e2e/scratch.ts';
import { verify } from './steps.ts';

/** A program of the user's own: it reads its task, does it, and says that a review comes next. */
const AGENT =
  'cat > /dev/null; echo 4 > sum.txt && git commit -qam "fix: the sum" && echo awaiting_review > "$CONDUXT_PHASE"';

async function isIn(machine: Machine, state: string): Promise<void> {
  const { session } = await machine.json('status', 'the-sum');
  assert.partialDeepStrictEqual(session, { state });
}

async function waiting(machine: Machine): Promise<void> {
  machine.agent({}, { agent: 'mine', agents: { mine: { headless: { command: 'sh', args: ['-c', AGENT] } } } });
  const { code, stdout } = await machine.run(
    'run',
    'Fix the sum',
    '--name',
    'the-sum',
    '--backend',
    'headless',
    ...verify,
  );
  assert.equal(code, 3, stdout);
  await isIn(machine, 'awaiting-review');
}

describe('phase', () => {
  it('says that the review is over: a merged task is verified again and completed', async (t) => {
    const machine = new Machine(t);
    await waiting(machine);
    const reply = await machine.json('phase', 'the-sum', 'merged');
    assert.deepEqual([reply['schemaVersion'], reply['session']], [1, 'the-sum']);
    await machine.ok('wait', 'the-sum');
    const types = machine.journal().map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'verification-finished').length, 2);
    const pushes = machine
      .journal()
      .filter((record) => record.type === 'step-finished' && record.outcome.type === 'pushed');
    assert.equal(pushes.length, 1, 'what is merged is not pushed again');
    await isIn(machine, 'completed');
  });

  it('ends the task with the words that came along when it failed', async (t) => {
    const machine = new Machine(t);
    await waiting(machine);
    await machine.ok('phase', 'the-sum', 'failed', 'the design was rejected');
    const { code, stdout } = await machine.run('wait', 'the-sum');
    assert.equal(code, 1, stdout);
    assert.match(stdout, /the design was rejected/);
  });

  it('is refused with a way on for a word that is none, and for a task that waits for nobody', async (t) => {
    const machine = new Machine(t);
    await waiting(machine);
    const unknown = await machine.run('phase', 'the-sum', 'perfect');
    assert.deepEqual([unknown.code, /There is no phase "perfect"[^]*Say one of/.test(unknown.stderr)], [2, true]);
    await machine.ok('phase', 'the-sum', 'done');
    await machine.ok('wait', 'the-sum');
    const late = await machine.run('phase', 'the-sum', 'merged');
    assert.deepEqual([late.code, /waits for neither a review nor CI[^]*conduxt tell/.test(late.stderr)], [6, true]);
  });
});
