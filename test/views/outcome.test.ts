import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionEvent } from '../../src/session/events.ts';
import { doingNow } from '../../src/views/now.ts';
import { nextStep } from '../../src/views/next-step.ts';
import { isSettled, outcomeOf } from '../../src/views/outcome.ts';
import { ended, handed, plainRecord, queued } from '../session/samples.ts';
import { factsOf, hostStarted, setUp, worktreeReady } from './samples.ts';

const begun: readonly SessionEvent[] = [hostStarted, queued('p-1', { kind: 'task' }), worktreeReady, setUp];
const turn = [...begun, handed('p-1'), ended('p-1')];
const end = (over: Partial<Extract<SessionEvent, { type: 'task-ended' }>> = {}): SessionEvent => ({
  type: 'task-ended',
  end: 'failed',
  reason: 'because',
  ...over,
});
const blocked: SessionEvent = {
  type: 'step-finished',
  planId: 'by-hand',
  step: 'pull-request',
  outcome: { type: 'blocked', why: 'gh is logged out', remedy: 'gh auth login' },
};
const question: SessionEvent = {
  type: 'decision-opened',
  decision: {
    id: 'clarify-1',
    kind: 'clarification',
    question: 'Which one?',
    facts: {},
    choices: [],
    deadline: null,
    fallback: null,
  },
};

describe('the outcome of a task', () => {
  const table: readonly [string, readonly SessionEvent[], string, number, boolean][] = [
    ['completed', [...turn, end({ end: 'completed' })], 'completed', 0, true],
    ['delivered unverified, as asked', [...turn, end({ end: 'delivered' })], 'delivered', 0, true],
    ['reported', [...turn, end({ end: 'reported' })], 'reported', 0, true],
    ['completed, but the pull request is blocked', [...turn, blocked, end({ end: 'completed' })], 'completed', 9, true],
    ['failed', [...turn, end()], 'failed', 1, true],
    ['timed out', [...turn, end({ code: 'timed-out' })], 'failed', 7, true],
    ['without an agent', [...turn, end({ code: 'agent-unavailable' })], 'failed', 5, true],
    ['cancelled', [...turn, end({ end: 'cancelled' })], 'cancelled', 8, true],
    ['stopped', [...turn, { type: 'session-stopped' }], 'stopped', 8, true],
    ['waiting for a person', [...turn, question], 'needs-person', 3, true],
    ['at work', [...begun, handed('p-1')], 'running', 0, false],
    [
      'a cancelled turn, the task waits',
      [
        ...begun,
        handed('p-1'),
        ended('p-1', { verdict: 'cancelled' }),
        { type: 'turn-routed', turnId: 't-p-1', decision: { type: 'nothing', why: 'cancelled' } },
      ],
      'idle',
      8,
      true,
    ],
  ];
  for (const [what, events, state, exitCode, settled] of table) {
    it(`${what}: exit ${exitCode}`, () => {
      const facts = factsOf(events);
      assert.equal(facts.state, state);
      assert.deepEqual([outcomeOf(facts).exitCode, isSettled(facts.state)], [exitCode, settled]);
    });
  }

  it('of a crashed one is not settled: a host can go on with it', () => {
    const facts = factsOf(begun, undefined, false);
    assert.deepEqual([facts.state, outcomeOf(facts).exitCode, isSettled(facts.state)], ['crashed', 5, false]);
  });
});

describe('the outcome of a plain session', () => {
  const table: readonly [Partial<Extract<SessionEvent, { type: 'turn-ended' }>>, number][] = [
    [{ verdict: 'done' }, 0],
    [{ verdict: 'cancelled' }, 8],
    [{ verdict: 'failed', failure: 'auth-required' }, 5],
    [{ verdict: 'failed', failure: 'refusal' }, 1],
    [{ verdict: 'unknown', failure: 'agent-exited' }, 1],
  ];
  for (const [over, exitCode] of table) {
    it(`follows its last turn: ${over.verdict} ${over.failure ?? ''} is exit ${exitCode}`, () => {
      // What was asked because of it has been answered.
      const routed = { type: 'turn-routed', turnId: 't-p-1', decision: { type: 'nothing', why: 'no-task' } } as const;
      const facts = factsOf([hostStarted, queued('p-1'), handed('p-1'), ended('p-1', over), routed], plainRecord());
      assert.equal(outcomeOf(facts).exitCode, exitCode);
    });
  }

  it('is nothing special before anything was said', () => {
    assert.equal(outcomeOf(factsOf([hostStarted], plainRecord())).exitCode, 0);
  });
});

describe('what a session does now and next', () => {
  const table: readonly [string, readonly SessionEvent[], string, string | null][] = [
    ['a turn', [...begun, handed('p-1')], 'turn 1', null],
    ['a fix round', [...turn, queued('p-2', { kind: 'fix' }), handed('p-2')], 'fix round 1', null],
    ['a question', [...turn, question], 'Which one?', 'conduxt answer clarify-1 "…"'],
    [
      'a blocked pull request',
      [...turn, blocked, end({ end: 'completed' }), { type: 'notified', about: 'ended/8', problems: [] }],
      'because, but delivery is blocked: gh is logged out',
      'conduxt pr issue-78',
    ],
    [
      'a completed task',
      [...turn, end({ end: 'completed' }), { type: 'notified', about: 'ended/7', problems: [] }],
      'because',
      'conduxt clean issue-78',
    ],
    [
      'a failed task',
      [...turn, end(), { type: 'notified', about: 'ended/7', problems: [] }],
      'because',
      'conduxt tell issue-78 "…"',
    ],
  ];
  for (const [what, events, doing, command] of table) {
    it(`of ${what}`, () => {
      const facts = factsOf(events);
      assert.deepEqual([doingNow(facts), nextStep(facts.folded, facts.record, facts.state).command], [doing, command]);
    });
  }
});
