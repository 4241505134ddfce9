import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newsIn } from '../../src/callback/phase.ts';
import type { NextAction } from '../../src/route/action.ts';
import { firstUntold, nextAction } from '../../src/route/next-action.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import { deriveState, isOwed } from '../../src/session/derive-state.ts';
import { foldSession, type FoldedSession } from '../../src/session/fold/session-fold.ts';
import type { TaskSpec } from '../../src/session/record.ts';
import { phases, type AwaitingPhase, type Phase } from '../../src/session/words.ts';
import { elapsedMs } from '../../src/views/elapsed.ts';
import { isSettled, outcomeOf } from '../../src/views/outcome.ts';
import { nextStep } from '../../src/views/next-step.ts';
import { ended, handed, journalOf, queued, sessionRecord, taskSpec } from '../session/samples.ts';
import { hostStarted, receipt, setUp, worktreeReady } from '../views/samples.ts';

const record = sessionRecord();
const waits: readonly AwaitingPhase[] = ['awaiting_review', 'awaiting_ci'];
const stateOf = { awaiting_review: 'awaiting-review', awaiting_ci: 'awaiting-ci' } as const;

/** The agent has ended its turn with this phase, and its work is verified, pushed and opened. */
const delivered = (phase: AwaitingPhase): SessionEvent[] => [
  hostStarted,
  queued('p-1', { kind: 'task' }),
  worktreeReady,
  setUp,
  handed('p-1'),
  ended('p-1', {
    callback: {
      type: 'valid',
      callback: { task_id: 'issue-78', nonce: 'n', status: 'completed', summary: 'Done.', phase },
    },
  }),
  { type: 'turn-routed', turnId: 't-p-1', decision: { type: 'deliver' } },
  ...steps('t-p-1', ['verify', 'push', 'pull-request']),
];
const steps = (planId: string, names: readonly ('verify' | 'push' | 'pull-request')[]): SessionEvent[] => [
  { type: 'steps-planned', planId, steps: names },
  ...names.flatMap((step): SessionEvent[] => [
    ...(step === 'verify'
      ? [{ type: 'verification-finished', planId, receipt: receipt(), decision: { type: 'deliver' } } as const]
      : []),
    { type: 'step-finished', planId, step, outcome: { type: 'skipped', why: 'it is a table' } },
  ]),
];
/** So far, and people were told of it. */
const waiting = (phase: AwaitingPhase): SessionEvent[] => {
  const events: SessionEvent[] = [...delivered(phase), { type: 'task-awaiting', phase }];
  return [...events, { type: 'notified', about: `awaiting/${events.length}`, problems: [] }];
};
const said = (phase: Phase, words = ''): SessionEvent => ({ type: 'phase-reported', phase, words, by: 'agent' });
const fold = (events: readonly SessionEvent[]): FoldedSession => foldSession(journalOf(events));
const told = (events: readonly SessionEvent[]): SessionEvent[] => {
  const about = firstUntold(fold(events));
  return about === null ? [...events] : [...events, { type: 'notified', about, problems: [] }];
};
const shortOf = (action: NextAction): string => {
  switch (action.type) {
    case 'plan':
      return `plan ${action.steps.join(' ')}`;
    case 'end':
      return `end ${action.end}`;
    default:
      return action.type;
  }
};

describe('a task whose agent ended with a phase that waits', () => {
  for (const phase of waits) {
    it(`is delivered first, and then ${stateOf[phase]}`, () => {
      const all = delivered(phase);
      const before = fold(all.slice(0, -5));
      assert.equal(nextAction(before, record).type, 'plan');
      assert.deepEqual(nextAction(fold(all), record), { type: 'await', phase });
      const session = fold([...all, { type: 'task-awaiting', phase }]);
      assert.deepEqual(nextAction(session, record), { type: 'notify', about: `awaiting/${all.length + 1}` });
      const rests = fold(waiting(phase));
      assert.deepEqual(nextAction(rests, record), { type: 'rest' });
      for (const hostAlive of [true, false]) assert.equal(deriveState(rests, record, hostAlive), stateOf[phase]);
      assert.equal(isOwed(rests, record), false);
    });

    it(`${stateOf[phase]} is at rest for whoever looks: settled, exit 3, and a word says how it goes on`, () => {
      const folded = fold(waiting(phase));
      const state = stateOf[phase];
      assert.equal(isSettled(state), true);
      const outcome = outcomeOf({ record, folded, state });
      assert.deepEqual([outcome.exitCode, outcome.tone], [3, 'warn']);
      assert.match(outcome.reason, phase === 'awaiting_ci' ? /waits for CI/ : /waits for a review/);
      assert.match(nextStep(folded, record, state).text, /conduxt phase issue-78 merged/);
    });
  }

  it('is completed as ever when delivery is blocked: nobody has anything to look at', () => {
    const all = delivered('awaiting_review');
    const outcome = { type: 'blocked', why: 'gh is away', remedy: 'conduxt pr' } as const;
    const blocked: SessionEvent = { type: 'step-finished', planId: 't-p-1', step: 'pull-request', outcome };
    assert.equal(shortOf(nextAction(fold([...all.slice(0, -1), blocked]), record)), 'end completed');
  });
});

describe('leaving a wait', () => {
  // What the phase leads to: state of a session with a living host, and the next action.
  const table: Readonly<Record<Phase, readonly [string, string]>> = {
    done: ['running', 'plan verify push pull-request'],
    merged: ['running', 'plan verify'],
    failed: ['running', 'end failed'],
    escalate: ['running', 'open-decision'],
    awaiting_review: ['awaiting-review', 'rest'],
    awaiting_ci: ['awaiting-ci', 'rest'],
    // As before: what waits cannot crash.
    crashed: ['', 'rest'],
  };
  for (const from of waits) {
    for (const phase of phases) {
      const [state, action] = table[phase];
      it(`${stateOf[from]}, then ${phase}: ${action}`, () => {
        const session = fold(told([...waiting(from), said(phase)]));
        assert.equal(deriveState(session, record, true), state === '' ? stateOf[from] : state);
        assert.equal(shortOf(nextAction(session, record)), action);
        const rests = action === 'rest';
        assert.equal(isOwed(session, record), !rests);
        assert.equal(deriveState(session, record, false) === 'crashed', !rests, 'a dead host has left it undone');
      });
    }

    it(`${stateOf[from]}, then a prompt: handed over, and nothing of the wait is left`, () => {
      const asked = [...waiting(from), queued('p-2')];
      assert.equal(deriveState(fold(asked), record, true), 'running');
      assert.deepEqual(nextAction(fold(asked), record), { type: 'hand', promptId: 'p-2' });
      const session = fold([...asked, handed('p-2')]);
      assert.deepEqual([session.awaiting.now, session.awaiting.heard], [null, null]);
      const dropped: SessionEvent = { type: 'prompt-dropped', promptId: 'p-2', reason: 'cancelled' };
      assert.equal(
        deriveState(fold([...asked, dropped]), record, true),
        stateOf[from],
        'a dropped one changes nothing',
      );
    });

    it(`${stateOf[from]}, then a stop or the end of the task: over`, () => {
      const stopped = fold([...waiting(from), { type: 'session-stopped' }]);
      assert.equal(deriveState(stopped, record, false), 'stopped');
      const cancelled = fold([...waiting(from), { type: 'task-ended', end: 'cancelled', reason: 'as you said' }]);
      assert.equal(deriveState(cancelled, record, false), 'cancelled');
      for (const session of [stopped, cancelled]) assert.equal(session.awaiting.now, null);
    });
  }

  it('by done or merged ends in completed only when the tests passed again; red tests go back to the agent', () => {
    for (const phase of ['done', 'merged'] as const) {
      const events = [...waiting('awaiting_ci'), said(phase)];
      const planId = `phase-${events.length}`;
      const names = phase === 'done' ? (['verify', 'push', 'pull-request'] as const) : (['verify'] as const);
      assert.equal(shortOf(nextAction(fold([...events, ...steps(planId, names)]), record)), 'end completed');
      const red: SessionEvent[] = [
        { type: 'steps-planned', planId, steps: names },
        { type: 'verification-finished', planId, receipt: receipt(), decision: { type: 'fix', reason: 'red' } },
      ];
      const action = nextAction(fold([...events, ...red]), record);
      assert.partialDeepStrictEqual(action, { type: 'queue-own', kind: 'fix', key: `fix/${planId}/verified` });
    }
  });

  it('by merged ends a task without tests as delivered, at once', () => {
    const task: TaskSpec = taskSpec({ verify: { type: 'skipped' } });
    const events = [...waiting('awaiting_review'), said('merged')];
    const plan: SessionEvent = { type: 'steps-planned', planId: `phase-${events.length}`, steps: [] };
    assert.equal(shortOf(nextAction(fold(events), { ...record, task })), 'plan ');
    assert.equal(shortOf(nextAction(fold([...events, plan]), { ...record, task })), 'end delivered');
  });

  it('by failed or escalate carries the words that stood below it', () => {
    const words = 'The reviewer wants another design.';
    const failed = nextAction(fold([...waiting('awaiting_review'), said('failed', words)]), record);
    assert.partialDeepStrictEqual(failed, { type: 'end', end: 'failed', reason: words });
    const asked = nextAction(fold([...waiting('awaiting_review'), said('escalate', words)]), record);
    assert.partialDeepStrictEqual(asked, {
      type: 'open-decision',
      question: { kind: 'clarification', question: words },
    });
    assert.match(
      JSON.stringify(nextAction(fold([...waiting('awaiting_ci'), said('escalate')]), record)),
      /nobody said why/,
    );
  });

  it('begins with fresh budgets: reminders, fix rounds and recoveries of before do not count', () => {
    const own = (promptId: string, kind: 'fix' | 'reminder' | 'recovery'): SessionEvent => queued(promptId, { kind });
    const events = delivered('awaiting_ci');
    const spent = [...events.slice(0, 4), own('p-7', 'fix'), own('p-8', 'reminder'), own('p-9', 'recovery')];
    const budgets = ({ life }: FoldedSession) => [life.fixRoundsUsed, life.remindersUsed, life.recoveriesUsed];
    assert.deepEqual(budgets(fold(spent)), [1, 1, 1]);
    assert.deepEqual(budgets(fold([...spent, { type: 'task-awaiting', phase: 'awaiting_ci' }])), [0, 0, 0]);
  });

  it('without a wait means nothing', () => {
    const running = delivered('awaiting_ci').slice(0, 5);
    for (const phase of phases) {
      const session = fold([...running, said(phase)]);
      assert.deepEqual([session.awaiting.now, session.awaiting.heard], [null, null]);
    }
  });

  it('happens once for each word of the file, also when the word changed nothing', () => {
    const { now } = fold([...waiting('awaiting_review'), said('crashed')]).awaiting;
    assert.equal(now?.phase, 'awaiting_review');
    assert.equal(newsIn('PHASE:crashed\n', now.said), null);
    assert.equal(newsIn(null, now.said), null);
    assert.equal(newsIn('finished\n', now.said), null);
    assert.equal(newsIn('merged\nby me', now.said)?.words, 'by me');
  });
});

describe('the time of a wait', () => {
  it('is not counted, neither while it goes on nor afterwards', () => {
    const at = (events: readonly SessionEvent[], minutes: readonly number[]) =>
      foldSession(
        journalOf(events).map((one, index) => ({
          ...one,
          at: new Date(Date.parse(record.createdAt) + (minutes[index] ?? minutes.at(-1) ?? 0) * 60_000).toISOString(),
        })),
      );
    const begun = delivered('awaiting_review');
    const wait: SessionEvent[] = [...begun, { type: 'task-awaiting', phase: 'awaiting_review' }];
    const minutes = begun.map(() => 5);
    const nowMs = Date.parse(record.createdAt) + 600 * 60_000;
    const during = at(wait, [...minutes, 10]);
    assert.equal(elapsedMs({ record, folded: during, state: 'awaiting-review' }, nowMs), 10 * 60_000);
    const both: SessionEvent[] = [...wait, said('awaiting_ci'), said('done')];
    const after = at(both, [...minutes, 10, 200, 500]);
    assert.equal(after.awaiting.waitedMs, 490 * 60_000);
    assert.equal(elapsedMs({ record, folded: after, state: 'verifying' }, nowMs), 110 * 60_000);
  });
});
