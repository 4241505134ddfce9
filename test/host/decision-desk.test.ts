import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock, type Clock } from '../../src/clock.ts';
import { DecisionDesk } from '../../src/host/decision-desk.ts';
import { expireQuestions, openQuestion } from '../../src/host/questions.ts';
import { SessionLog } from '../../src/host/session-log.ts';
import { queuePrompt } from '../../src/host/prompt-book.ts';
import { newPromptId } from '../../src/session/ids.ts';
import { realContext } from './real-context.ts';

/** A real journal, and a clock that moves when the test says so. */
async function make(t: TestContext) {
  let now = 1_000_000;
  const timers: (() => void)[] = [];
  const clock: Clock = { ...systemClock, now: () => now, after: (_ms, fn) => (timers.push(fn), () => {}) };
  const context = await realContext(t, clock);
  const desk = new DecisionDesk(context, async () => {});
  return {
    context,
    desk,
    pass: (ms: number) => (now += ms),
    ring: () => timers.splice(0).forEach((fn) => fn()),
    /** As a request of the command line comes in. */
    answer: (id: string, answer: string) =>
      context.turnstile.pass(async () => {
        desk.answerable(id, answer);
        await desk.answer(id, answer);
      }),
    ends: () =>
      SessionLog.readAll(context.paths).flatMap((one) =>
        one.type === 'decision-ended' ? [[one.decisionId, one.end.type]] : [],
      ),
  };
}

const question = {
  kind: 'permission',
  question: 'May it?',
  facts: {},
  choices: ['allow', 'deny'],
  fallback: 'deny',
} as const;
const dialog = {
  id: 'start-p-1',
  kind: 'dialog',
  question: 'It does not start',
  facts: {},
  choices: ['retry', 'drop'],
  fallback: 'drop',
} as const;
const never = new AbortController().signal;

describe('an answer that comes while its question is closed', () => {
  it('counts when it was written down first, also for the agent that waits', async (t) => {
    const { context, desk, answer, ring, ends } = await make(t);
    const asked = desk.ask(question, 1000, never);
    while (context.log.folded.life.decisions.size === 0) await context.log.flushJournal();
    const [id] = context.log.folded.life.decisions.keys();
    assert.ok(id);
    const answered = answer(id, 'allow');
    // The deadline passes while the answer is on its way to the disk.
    await Promise.resolve();
    ring();
    await answered;
    assert.equal(await asked, 'allow');
    await context.turnstile.pass(async () => {});
    assert.deepEqual(ends(), [[id, 'answered']]);
  });

  it('is refused when the deadline was written down first', async (t) => {
    const { context, desk, answer, ring, ends } = await make(t);
    const asked = desk.ask(question, 1000, never);
    while (context.log.folded.life.decisions.size === 0) await context.log.flushJournal();
    const [id] = context.log.folded.life.decisions.keys();
    assert.ok(id);
    ring();
    await Promise.resolve();
    await assert.rejects(answer(id, 'allow'), { code: 'decision-ended' });
    assert.equal(await asked, 'deny');
    assert.deepEqual(ends(), [[id, 'expired']]);
  });

  it('is one of two ends, never both, between turns', async (t) => {
    const { context, answer, pass, ends } = await make(t);
    await openQuestion(context, dialog);
    pass(2000);
    const expired = expireQuestions(context);
    const answered = answer('start-p-1', 'retry');
    const [, late] = await Promise.allSettled([expired, answered]);
    assert.deepEqual(ends(), [['start-p-1', 'expired']]);
    assert.equal(late.status, 'rejected');
  });

  it('keeps what the default would have dropped, and what is told after the default is not dropped with it', async (t) => {
    const { context, answer, pass, ends } = await make(t);
    const tell = (key: string) =>
      queuePrompt(context, { promptId: newPromptId(), key, text: key, kind: 'user', urgent: false });
    await tell('one');
    await openQuestion(context, dialog);
    pass(2000);
    await Promise.all([answer('start-p-1', 'retry'), expireQuestions(context)]);
    assert.deepEqual(ends(), [['start-p-1', 'answered']]);
    assert.deepEqual(
      context.log.folded.prompts.owed.map(({ key }) => key),
      ['one'],
    );
    await openQuestion(context, { ...dialog, id: 'start-p-2' });
    pass(2000);
    await Promise.all([expireQuestions(context), context.turnstile.pass(() => tell('two'))]);
    assert.deepEqual(
      context.log.folded.prompts.owed.map(({ key }) => key),
      ['two'],
    );
  });
});
