import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import { outcomeOf } from '../../src/views/outcome.ts';
import { Scratch } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const breakIt: Step = { type: 'shell', command: "echo 6 > sum.txt && git commit -qam 'fix: wrong'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
const tokens = (totalTokens: number): Step => ({
  type: 'answer',
  result: { stopReason: 'end_turn', usage: { totalTokens } },
});
const cost = (amount: number): Step => ({ type: 'usage', used: 10, size: 100, cost: { amount, currency: 'USD' } });

describe('a budget', () => {
  it('ends the task where another turn would begin, and a word of a person begins a new one', async (t) => {
    const scratch = new Scratch(t);
    const script: Script = { prompts: [{ steps: [breakIt, done, tokens(700)] }, { steps: [fix, done, tokens(600)] }] };
    const task = scratch.task(script, { limits: { maxTokens: 700 } });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'budget-used-up']);
    assert.equal(end.reason, 'its budget is used up: 700 tokens of at most 700');
    assert.equal(task.prompts().length, 1, 'the fix round was not begun');
    assert.equal(outcomeOf(task.view()).exitCode, 10);
    await task.tell('The sum has to be 4');
    assert.equal((await task.untilType('task-ended', 2)).end, 'completed', 'what is finished is delivered');
    assert.equal(task.view().folded.turns.usage.usage.totalTokens, 1300);
    assert.equal(task.view().folded.turns.spent.tokens, 600);
  });

  it('delivers what the turn finished that went beyond it', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [cost(5), fix, done] }] }, { limits: { maxCost: 1 } });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const [ended] = task.journal().filter((record) => record.type === 'turn-ended');
    assert.equal(ended?.usage?.turnCostAmount, 5);
  });

  it('of a session without a task is a question, and its prompts wait for the answer', async (t) => {
    const scratch = new Scratch(t);
    const say = (amount: number): Step[] => [{ type: 'text', text: 'ok' }, cost(amount)];
    const prompts = [{ steps: say(0.5) }, { steps: say(1.5) }, { steps: say(9) }];
    const session = scratch.plain({ prompts }, { limits: { maxCost: 1 } });
    await session.tell('one');
    await session.untilType('turn-ended');
    await session.tell('two');
    await session.untilType('turn-ended', 2);
    await session.tell('three');
    const { decision } = await session.untilType('decision-opened');
    assert.match(decision.question, /used up: a cost of 1\.5, of at most 1\. Go on with as much again\?/);
    const view = session.view();
    assert.deepEqual([view.state, view.folded.prompts.owed.length], ['needs-person', 1]);
    assert.equal(session.prompts().length, 2);
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'more' });
    await session.untilType('turn-ended', 3);
    await session.tell('four');
    const again = await session.untilType('decision-opened', 2);
    await session.call({ op: 'answer', decisionId: again.decision.id, answer: 'drop' });
    await session.untilType('prompt-dropped');
    assert.equal(session.prompts().length, 3);
  });

  it('that nobody can measure is said to hold nothing', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ steps: [{ type: 'text', text: 'ok' }] }] }, { limits: { maxCost: 1 } });
    await session.tell('one');
    const { text } = await session
      .until('a warning', (record) => record.type === 'milestone')
      .then((record) => {
        assert.ok(record.type === 'milestone');
        return record;
      });
    assert.match(text, /cannot be held to --max-cost: its agent reports no cost/);
  });
});
