import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CallbackResult } from '../../src/session/callback.ts';
import type { JournalRecord, SessionEvent } from '../../src/session/events.ts';
import { applyRecord, foldSession } from '../../src/session/fold/session-fold.ts';
import type { NextAction } from '../../src/route/action.ts';
import { MAX_RECOVERIES, nextAction } from '../../src/route/next-action.ts';
import { routeReceipt } from '../../src/route/route-receipt.ts';
import { routeTurn } from '../../src/route/route-turn.ts';
import type { Receipt } from '../../src/session/receipt.ts';
import { journalOf, queued, sessionRecord } from '../session/samples.ts';

/** What a scripted agent says in each of its turns, and what the tests then say. */
interface World {
  readonly turns: readonly ('completed' | 'failing' | 'silent' | 'clarify')[];
  readonly tests: readonly ('green' | 'red')[];
  /** The worktree cannot be made, or the task it comes after has failed. */
  readonly cannotBegin?: boolean;
}

const record = sessionRecord();

/** Does one action as a host would, and returns the events in the order they reach the disk. */
function perform(action: NextAction, world: World, journal: readonly JournalRecord[]): SessionEvent[] {
  const session = foldSession(journal);
  const count = (type: SessionEvent['type']): number => journal.filter((one) => one.type === type).length;
  const budget = {
    fixRoundsLeft: 3 - session.life.fixRoundsUsed,
    remindersLeft: 2 - session.life.remindersUsed,
    recoveriesLeft: MAX_RECOVERIES - session.life.recoveriesUsed,
    reminderPauseMs: 20_000,
    promptOwed: session.prompts.owed.length > 0,
    waits: session.life.waits,
    nowMs: 0,
    onCrash: 'retry' as const,
  };
  switch (action.type) {
    case 'prepare-worktree':
      if (world.cannotBegin === true) {
        const dropped = session.prompts.owed.map(({ id }) => ({ type: 'prompt-dropped', promptId: id }) as const);
        return [
          ...dropped.map((event) => ({ ...event, reason: 'task-ended' }) as const),
          { type: 'task-ended', end: 'failed', reason: '' },
        ];
      }
      return [{ type: 'worktree-ready', path: '/w', branch: 'b', baseCommit: 'c', created: true }];
    case 'set-up-worktree':
      return [{ type: 'setup-finished', ok: true, command: null, exitCode: null, excerpt: '', durationMs: 0 }];
    case 'settle-interrupted':
      return [end(action.turn.promptId, action.turn.turnId, { type: 'missing' }, 'unknown')];
    case 'hand': {
      const turn = count('prompt-handed');
      const turnId = `t-${turn}`;
      const said = world.turns[turn] ?? 'completed';
      return [
        { type: 'prompt-handed', promptId: action.promptId, turnId, nonce: 'n' },
        end(action.promptId, turnId, callbackOf(said), 'done'),
      ];
    }
    case 'await':
      return [{ type: 'task-awaiting', phase: action.phase }];
    case 'route':
      return [{ type: 'turn-routed', turnId: action.turn.turnId, decision: routeTurn(action.turn, budget) }];
    case 'park':
      return [{ type: 'task-parked', until: '2026-01-01T00:00:20.000Z', reason: action.reason }];
    case 'queue-own':
      return [queued(`p-${action.key}`, { key: action.key, kind: action.kind })];
    case 'open-decision': {
      const decision = { ...action.question, facts: {}, deadline: null, fallback: null };
      return [{ type: 'decision-opened', decision }];
    }
    case 'plan':
      return [{ type: 'steps-planned', planId: action.planId, steps: action.steps }];
    case 'step': {
      const started: SessionEvent = { type: 'step-started', planId: action.planId, step: action.step };
      const finished: SessionEvent = {
        type: 'step-finished',
        planId: action.planId,
        step: action.step,
        outcome: { type: 'ok' },
      };
      if (action.step !== 'verify') return [started, finished];
      const verdict = world.tests[count('verification-finished')] ?? 'green';
      const receipt = receiptOf(verdict);
      const decision = routeReceipt(receipt, 'fix', budget);
      return [started, { type: 'verification-finished', planId: action.planId, receipt, decision }, finished];
    }
    case 'notify':
      return [{ type: 'notified', about: action.about, problems: [] }];
    case 'end':
      return [{ type: 'task-ended', end: action.end, reason: action.reason }];
    case 'leave':
    case 'rest':
      return [];
  }
}

const end = (
  promptId: string,
  turnId: string,
  callback: CallbackResult,
  verdict: 'done' | 'unknown',
): SessionEvent => ({
  type: 'turn-ended',
  turnId,
  promptId,
  verdict,
  stopReason: 'end_turn',
  callback,
  lastMessage: '',
  toolCalls: 0,
});
const callbackOf = (said: World['turns'][number]): CallbackResult =>
  said === 'silent'
    ? { type: 'missing' }
    : {
        type: 'valid',
        callback: {
          task_id: 'issue-78',
          nonce: 'n',
          summary: '',
          status: said === 'clarify' ? 'need_clarification' : 'completed',
          test_results: { passed: 1, failed: said === 'failing' ? 1 : 0, skipped: 0 },
        },
      };
const receiptOf = (verdict: 'green' | 'red'): Receipt => ({
  commit: 'c',
  command: 'npm test',
  exitCode: 0,
  signal: null,
  counts: null,
  durationMs: 0,
  logSha256: '',
  logFile: '',
  verdict: verdict === 'green' ? { type: 'green' } : { type: 'red', excerpt: '' },
  changedJudges: [],
  at: '',
});

/** Runs until the task rests. `crashAfter` drops what a host would have written after that many records, then goes on. */
function runToRest(world: World, crashAfter: number | null): JournalRecord[] {
  const journal = journalOf([queued('p-1', { kind: 'task', key: 'first' })]);
  let crashed = crashAfter === null;
  for (let step = 0; step < 200; step += 1) {
    const action = nextAction(foldSession(journal), record);
    if (action.type === 'rest' || action.type === 'leave') return journal;
    for (const event of perform(action, world, journal)) {
      if (!crashed && journal.length === crashAfter) {
        crashed = true;
        break;
      }
      journal.push({ seq: journal.length + 1, epoch: 1, at: '2026-01-01T00:00:00.000Z', ...event });
    }
  }
  throw new Error('the task never came to rest');
}

const world: fc.Arbitrary<World> = fc.record({
  turns: fc.array(fc.constantFrom('completed', 'failing', 'silent', 'clarify'), { maxLength: 5 }),
  tests: fc.array(fc.constantFrom('green', 'red'), { maxLength: 4 }),
  cannotBegin: fc.boolean(),
});

describe('the next action', () => {
  it('brings a task from its prompt to a verified end', () => {
    const types = runToRest({ turns: ['completed'], tests: ['green'] }, null).map((one) => one.type);
    assert.deepEqual(types, [
      'prompt-queued',
      'worktree-ready',
      'setup-finished',
      'prompt-handed',
      'turn-ended',
      'turn-routed',
      'steps-planned',
      'step-started',
      'verification-finished',
      'step-finished',
      'step-started',
      'step-finished',
      'step-started',
      'step-finished',
      'task-ended',
      'notified',
    ]);
  });

  it('always comes to rest, and completes only after a green verification', () => {
    fc.assert(
      fc.property(world, (scripted) => {
        const journal = runToRest(scripted, null);
        const session = foldSession(journal);
        if (session.life.ended?.end !== 'completed') return;
        const last = journal.findLast((one) => one.type === 'verification-finished');
        assert.equal(last?.type === 'verification-finished' && last.receipt.verdict.type, 'green');
      }),
    );
  });

  it('ends a task once, wherever a host dies', () => {
    fc.assert(
      fc.property(world, fc.nat({ max: 30 }), (scripted, crashAfter) => {
        const ends = runToRest(scripted, crashAfter).filter((one) => one.type === 'task-ended');
        assert.ok(ends.length <= 1, 'the task ended twice');
      }),
    );
  });

  it('is nothing for a task that ended before its agent was given anything, whatever is still owed', () => {
    const journal = journalOf([
      queued('p-1', { kind: 'task', key: 'first' }),
      { type: 'task-ended', end: 'failed', reason: '' },
      { type: 'notified', about: 'ended/2', problems: [] },
    ]);
    assert.equal(nextAction(foldSession(journal), record).type, 'rest');
  });

  it('hands no prompt twice and loses none, wherever a host dies', () => {
    fc.assert(
      fc.property(world, fc.nat({ max: 30 }), (scripted, crashAfter) => {
        const journal = runToRest(scripted, crashAfter);
        const handedIds = journal.flatMap((one) => (one.type === 'prompt-handed' ? [one.promptId] : []));
        assert.equal(new Set(handedIds).size, handedIds.length, 'a prompt was handed twice');
        const session = foldSession(journal);
        assert.equal(session.prompts.owed.length, 0, 'a prompt is still owed at rest');
        assert.ok(
          session.life.ended !== null || session.life.decisions.size > 0,
          'neither ended nor waiting for a person',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is notify only once for one end', () => {
    const journal = runToRest({ turns: [], tests: [] }, null);
    assert.equal(journal.filter((one) => one.type === 'notified').length, 1);
    const again = journalOf(journal);
    const session = foldSession(again);
    applyRecord(session, { seq: 999, epoch: 1, at: '', ...queued('late') });
    assert.equal(session.life.ended, null, 'a new word reopens the task');
  });
});
