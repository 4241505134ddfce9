import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { OnCrash } from '../../src/session/words.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };
const say = (text: string): Step => ({ type: 'text', text });

/** Its first turn hangs where `at` says; host and agent are killed there. */
async function killedInTurn(
  t: TestContext,
  kind: 'task' | 'plain',
  onCrash: OnCrash | null,
  before: readonly Step[] = [],
): Promise<LiveSession> {
  const scratch = new Scratch(t);
  const atWork = path.join(scratch.root, 'at-work');
  const script: Script = {
    prompts: [
      { steps: [...before, say('working'), { type: 'write-file', path: atWork }, { type: 'hang' }] },
      { match: '.', steps: [fix, done] },
    ],
  };
  const over = { record: onCrash === null ? {} : { onCrash } };
  const session = scratch[kind](script, over);
  await session.host();
  if (kind === 'plain') await session.tell('do it');
  await session.untilFile(atWork);
  await session.untilType('prompt-accepted');
  await session.untilTranscript('working');
  await session.killHost();
  return session;
}

const question = (session: LiveSession) => session.untilType('decision-opened').then(({ decision }) => decision);

describe('a turn that a crash interrupted', () => {
  it('is done when its callback was transcribed: nothing is sent again', async (t) => {
    const task = await killedInTurn(t, 'task', null, [fix, done]);
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.prompts().length, 1);
    const [ended] = task.journal().filter((record) => record.type === 'turn-ended');
    assert.deepEqual([ended?.verdict, ended?.settledBy], ['done', 'transcript']);
  });

  it('is asked about under ask, and gone on with when a person says retry', async (t) => {
    const task = await killedInTurn(t, 'task', 'ask');
    await task.host();
    const decision = await question(task);
    assert.match(decision.question, /interrupted by a crash.*its last words: working/);
    assert.deepEqual(decision.choices, ['retry', 'skip']);
    assert.equal(task.view().state, 'needs-person');
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'retry' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /You were|was interrupted while you worked/);
  });

  it('ends the task when a person says skip', async (t) => {
    const task = await killedInTurn(t, 'task', 'ask');
    await task.host();
    const decision = await question(task);
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'skip' });
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, task.prompts().length], ['failed', 1]);
  });

  it('ends the task under skip, and is told so', async (t) => {
    const task = await killedInTurn(t, 'task', 'skip');
    await task.host();
    const end = await task.untilType('task-ended');
    assert.match(end.reason, /interrupted by a crash, and is not gone on with \(--on-crash skip\)/);
    assert.equal(task.prompts().length, 1);
  });

  it('of a session is left alone, and the next prompt tells the agent', async (t) => {
    const session = await killedInTurn(t, 'plain', null);
    await session.tell('and now?');
    await session.untilType('turn-ended', 2);
    assert.equal(session.view().state, 'idle');
    assert.match(session.prompts()[1] ?? '', /^Your last turn was interrupted[^]*git log` first\.\n\nand now\?$/);
  });

  it('of a session is gone on with under retry, before what was told since', async (t) => {
    const session = await killedInTurn(t, 'plain', 'retry');
    assert.equal(session.view().state, 'crashed');
    await session.tell('and now?');
    await session.untilType('turn-ended', 3);
    const [, second = '', third = ''] = session.prompts();
    assert.match(second, /did not come to its end[^]*do it/);
    assert.equal(third, 'and now?');
    assert.equal(session.view().state, 'idle');
  });

  it('of a session holds its queue under ask, and a tell is an answer', async (t) => {
    const session = await killedInTurn(t, 'plain', 'ask');
    await session.host();
    const decision = await question(session);
    assert.equal(session.view().state, 'needs-person');
    await session.tell('leave it, do this');
    await session.untilType('turn-ended', 2);
    const ended = session.journal().find((record) => record.type === 'decision-ended');
    assert.equal(ended?.decisionId, decision.id);
    assert.match(session.prompts()[1] ?? '', /leave it, do this$/);
  });
});
