import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch } from './scratch.ts';

const say = (text: string): Step => ({ type: 'text', text });
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };

describe('a session that was stopped', () => {
  it('takes prompts again when it is resumed, in the conversation it had', async (t) => {
    const session = new Scratch(t).plain({ prompts: [{ match: '.', steps: [say('ok')] }] });
    await session.tell('one');
    await session.untilType('turn-ended');
    await session.call({ op: 'stop' });
    await assert.rejects(session.tell('two'), /was stopped/);
    const reply = await session.call({ op: 'resume' });
    assert.equal(reply.state, 'idle');
    assert.match(reply.nativeSessionId ?? '', /^fault-/);
    await session.tell('three');
    await session.untilType('turn-ended', 2);
    const opened = session.journal().filter((record) => record.type === 'agent-session');
    assert.deepEqual(
      opened.map(({ continuity, nativeId }) => [continuity, nativeId === reply.nativeSessionId]),
      [
        ['new', true],
        ['resumed', true],
      ],
    );
    assert.deepEqual(session.prompts(), ['one', 'three']);
  });

  it('in the middle of a task waits for a word, and then goes on in its worktree', async (t) => {
    const hang: Step = { type: 'hang' };
    const task = new Scratch(t).task({
      prompts: [{ steps: [say('at work'), hang] }, { match: '.', steps: [fix, done] }],
    });
    await task.host();
    await task.untilType('prompt-accepted');
    await task.call({ op: 'stop' });
    await task.call({ op: 'resume' });
    await task.untilType('turn-routed');
    assert.equal(task.view().state, 'idle');
    await task.tell('go on');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.types().filter((type) => type === 'session-resumed').length, 1);
  });

  it('is resumed once, however often that is said', async (t) => {
    const session = new Scratch(t).plain({ prompts: [] });
    await session.host();
    await session.call({ op: 'stop' });
    await session.call({ op: 'resume' });
    await session.call({ op: 'resume' });
    assert.equal(session.types().filter((type) => type === 'session-resumed').length, 1);
  });
});
