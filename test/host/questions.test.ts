import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { outcomeOf } from '../../src/views/outcome.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };
const ask: Step = { type: 'callback', status: 'need_clarification', fields: { summary: 'Which sum?' } };
const noLogin: Step = { type: 'answer', error: { code: -32000, message: 'Authentication required' } };
const goOnIn = (scratch: Scratch): string => path.join(scratch.root, 'go-on');
const waitIn = (scratch: Scratch): Step => ({ type: 'wait-for-file', path: goOnIn(scratch) });

/** Both are there before the agent answers the first. */
async function tellBoth(scratch: Scratch, session: LiveSession, first: string, second: string): Promise<void> {
  await session.tell(first);
  await session.tell(second);
  writeFileSync(goOnIn(scratch), '');
}

const quota: Step = {
  type: 'answer',
  error: { code: -32603, message: 'You have hit your usage limit. Try again in 1 second.' },
};
const soon = { limits: { decisionTimeoutMs: 300 } };

describe('a question that nobody answers', () => {
  it('of the agent fails the task at its deadline, and says so before', async (t) => {
    const task = new Scratch(t).task({ prompts: [{ steps: [ask] }] }, soon);
    await task.host();
    const { decision, at } = await task.untilType('decision-opened');
    assert.equal(decision.fallback, 'fail');
    assert.equal(Date.parse(decision.deadline ?? '') - Date.parse(at) <= 300, true);
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['failed', 'nobody answered its question in time: Which sum?']);
  });

  it('about a missing test command fails the task: it is never delivered by itself', async (t) => {
    const over = { ...soon, task: { verify: { type: 'missing' } as const } };
    const task = new Scratch(t).task({ prompts: [{ steps: [fix, done] }] }, over);
    await task.host();
    assert.match((await task.untilType('task-ended')).reason, /delivery without it was declined/);
  });

  it('about a login ends the task as that', async (t) => {
    const task = new Scratch(t).task({ prompts: [{ steps: [noLogin] }] }, soon);
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'login-required']);
    assert.equal(outcomeOf(task.view()).exitCode, 5);
  });

  it('is closed by the next host when its own had left', async (t) => {
    const limits = { decisionTimeoutMs: 1500, hostIdleMs: 100 };
    const task = new Scratch(t).task({ prompts: [{ steps: [ask] }] }, { limits });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    await task.untilType('host-stopped');
    const leftMs = Math.max(0, Date.parse(decision.deadline ?? '') - Date.now());
    await new Promise((resolve) => setTimeout(resolve, leftMs));
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'failed');
  });
});

describe('a login that is lost in a session without a task', () => {
  it('is a decision that holds what is queued, and the session goes on when it is answered', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({
      prompts: [{ steps: [waitIn(scratch), noLogin] }, { match: '.', steps: [{ type: 'text', text: 'ok' }] }],
    });
    await tellBoth(scratch, session, 'do it', 'and this');
    const { decision } = await session.untilType('decision-opened');
    assert.deepEqual([decision.kind, decision.choices], ['login', ['retry', 'drop']]);
    const { state, exitCode } = outcomeOf(session.view());
    assert.deepEqual([state, exitCode], ['needs-person', 3]);
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'retry' });
    await session.untilType('turn-ended', 3);
    const [first = '', second = '', third = ''] = session.prompts();
    assert.match(second, /could not be finished[^]*do it/);
    assert.deepEqual([first, third], ['do it', 'and this']);
    assert.equal(session.view().state, 'idle');
  });

  it('gives up what is queued, when that is the answer', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [waitIn(scratch), noLogin] }] });
    await tellBoth(scratch, session, 'do it', 'and this');
    const { decision } = await session.untilType('decision-opened');
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'drop' });
    await session.untilType('prompt-dropped');
    assert.equal(session.view().state, 'idle');
    assert.equal(session.prompts().length, 1);
  });
});

describe('a login that is lost in the middle of a task', () => {
  it('is a decision, and the task goes on when it is answered', async (t) => {
    const task = new Scratch(t).task({ prompts: [{ steps: [noLogin] }, { steps: [fix, done] }] });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    assert.deepEqual([decision.kind, decision.choices, decision.fallback], ['login', ['retry', 'end'], null]);
    assert.match(decision.question, /not logged in: Authentication required.*Log in with it/);
    assert.equal(task.view().state, 'needs-person');
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'retry' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /could not be finished \(the login was lost\)/);
    const told = task
      .journal()
      .some((record) => record.type === 'notified' && record.about === `decision/${decision.id}`);
    assert.ok(told);
  });
});

describe('a session without a task whose model has no answer', () => {
  const prompts = [{ steps: [quota] }, { match: '.', steps: [{ type: 'text', text: 'ok' } as const] }];

  it('is parked, goes on by itself, and hands over what was queued only then', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ steps: [waitIn(scratch), quota] }, ...prompts.slice(1)] });
    await tellBoth(scratch, session, 'one', 'two');
    const parked = await session.untilType('task-parked');
    assert.equal(session.view().state, 'parked');
    assert.match(parked.reason, /^quota: /);
    await session.untilType('turn-ended', 3);
    const [first = '', again = '', last = ''] = session.prompts();
    assert.match(again, /could not be finished \(quota[^]*one/);
    assert.deepEqual([first, last], ['one', 'two']);
    const [, handed] = session.journal().filter((record) => record.type === 'prompt-handed');
    assert.ok(Date.parse(handed?.at ?? '') >= Date.parse(parked.until), 'not before its time');
    assert.equal(session.view().state, 'idle');
  });

  it('goes on at once when it is told something', async (t) => {
    const far: Step = { type: 'answer', error: { code: -32603, message: 'Usage limit. Try again in 3 hours.' } };
    const session = new Scratch(t).plain({ prompts: [{ steps: [far] }, ...prompts.slice(1)] });
    await session.tell('one');
    await session.untilType('task-parked');
    await session.tell('two');
    await session.untilType('turn-ended', 2);
    assert.deepEqual(session.prompts(), ['one', 'two']);
    assert.equal(session.view().state, 'idle');
  });
});
