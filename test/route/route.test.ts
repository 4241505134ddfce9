import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Callback, CallbackResult } from '../../src/session/callback.ts';
import type { TurnEnded } from '../../src/session/events.ts';
import type { Receipt, Verdict } from '../../src/session/receipt.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { routeReceipt } from '../../src/route/route-receipt.ts';
import { routeSessionTurn, routeTurn, type RouteBudget } from '../../src/route/route-turn.ts';
import { ended, handed, journalOf, queued } from '../session/samples.ts';

const plenty: RouteBudget = {
  fixRoundsLeft: 3,
  remindersLeft: 2,
  recoveriesLeft: 3,
  reminderPauseMs: 0,
  promptOwed: false,
  waits: 0,
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
  onCrash: 'retry',
};
const none: RouteBudget = {
  fixRoundsLeft: 0,
  remindersLeft: 0,
  recoveriesLeft: 0,
  reminderPauseMs: 0,
  promptOwed: false,
  waits: 0,
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
  onCrash: 'retry',
};

const callback = (over: Partial<Callback> = {}): CallbackResult => ({
  type: 'valid',
  callback: { task_id: 'issue-78', nonce: 'n', status: 'completed', summary: 'ok', ...over },
});

function route(over: Partial<TurnEnded>, budget = plenty): string {
  const { last } = foldSession(journalOf([queued('a'), handed('a'), ended('a', over)])).turns;
  assert.ok(last);
  const decision = routeTurn(last, budget);
  return decision.type === 'end'
    ? `end ${decision.end}`
    : decision.type === 'nothing'
      ? `nothing ${decision.why}`
      : decision.type;
}

describe('the end of a turn', () => {
  const table: readonly [string, Partial<TurnEnded>, string, string][] = [
    [
      'completed with no failing test is delivered',
      { callback: callback({ test_results: { passed: 3, failed: 0, skipped: 0 } }) },
      'deliver',
      'deliver',
    ],
    [
      'completed without counts is delivered, because conduxt counts itself',
      { callback: callback() },
      'deliver',
      'deliver',
    ],
    [
      'completed with failing tests goes back to be fixed',
      { callback: callback({ test_results: { passed: 3, failed: 1, skipped: 0 } }) },
      'fix',
      'end failed',
    ],
    ['failed ends the task', { callback: callback({ status: 'failed' }) }, 'end failed', 'end failed'],
    [
      'need_clarification asks a person',
      { callback: callback({ status: 'need_clarification' }) },
      'clarify',
      'clarify',
    ],
    ['end_turn without a callback is no success', { callback: { type: 'missing' } }, 'remind', 'end failed'],
    ['a malformed callback is sent back', { callback: { type: 'malformed', problem: 'x' } }, 'remind', 'end failed'],
    ['an empty turn is asked again', { verdict: 'failed', failure: 'empty-turn' }, 'remind', 'end failed'],
    ['an error of the agent is asked again', { verdict: 'failed', failure: 'agent-error' }, 'remind', 'end failed'],
    ['an agent that died is continued', { verdict: 'unknown', failure: 'agent-exited' }, 'recover', 'end failed'],
    [
      'a conversation that the agent lost begins anew',
      { verdict: 'failed', failure: 'conversation-lost' },
      'recover',
      'end failed',
    ],
    ['a lost host is continued', { verdict: 'unknown', failure: 'host-lost' }, 'recover', 'end failed'],
    ['a missing login asks a person', { verdict: 'failed', failure: 'auth-required' }, 'ask', 'ask'],
    [
      'an error in place of an answer is asked again',
      { verdict: 'failed', failure: 'error-as-success' },
      'remind',
      'end failed',
    ],
    ['a stream that was cut is asked again', { verdict: 'failed', failure: 'cut-stream' }, 'remind', 'end failed'],
    ['a quota is waited for, whatever is left of the budgets', { verdict: 'failed', failure: 'quota' }, 'wait', 'wait'],
    ['a refusal ends the task', { verdict: 'failed', failure: 'refusal' }, 'end failed', 'end failed'],
    ['the wall clock ends the task', { verdict: 'failed', failure: 'turn-timeout' }, 'end failed', 'end failed'],
    [
      'a cancelled turn causes nothing, whatever it said',
      { verdict: 'cancelled', callback: callback() },
      'nothing cancelled',
      'nothing cancelled',
    ],
  ];
  for (const [what, end, withBudget, without] of table) {
    it(what, () => {
      assert.equal(route(end), withBudget);
      assert.equal(route(end, none), without, 'with no budget left');
    });
  }

  it('waits for the time that the agent names, and otherwise 3, 6, 12 minutes and at last an hour', () => {
    const minutes = (over: Partial<TurnEnded>, waits: number): number => {
      const { last } = foldSession(journalOf([queued('a'), handed('a'), ended('a', over)])).turns;
      assert.ok(last);
      const decision = routeTurn(last, { ...plenty, waits });
      assert.ok(decision.type === 'wait');
      return (Date.parse(decision.until) - plenty.nowMs) / 60_000;
    };
    const quota = { verdict: 'failed', failure: 'quota' } as const;
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 20].map((waits) => minutes(quota, waits)),
      [3, 6, 12, 24, 48, 60, 60],
    );
    assert.equal(minutes({ ...quota, retryAt: '2026-11-21T15:00:00.000Z' }, 0), 180 + 2 / 60);
    assert.equal(minutes({ ...quota, retryAt: '2026-11-21T11:00:00.000Z' }, 1), 6, 'a time that has passed');
    assert.equal(minutes({ ...quota, retryAt: '2026-11-21T12:01:00.000Z' }, 5), 60, 'a time that never helped');
  });

  it('asks for a login that is missing also when more is owed, and says what the agent said', () => {
    const end = ended('a', { verdict: 'failed', failure: 'auth-required', detail: 'no key' });
    const { last } = foldSession(journalOf([queued('a'), handed('a'), end])).turns;
    assert.ok(last);
    const asked = { type: 'ask', about: 'login', detail: ': no key' };
    assert.deepEqual(routeTurn(last, plenty), asked);
    assert.deepEqual(routeTurn(last, { ...plenty, promptOwed: true }), asked);
  });

  it('asks about an interrupted turn, or gives it up, where a person wants that', () => {
    const end = { verdict: 'unknown', failure: 'host-lost', lastMessage: 'half done', toolCalls: 1 } as const;
    const { last } = foldSession(journalOf([queued('a'), handed('a'), ended('a', end)])).turns;
    assert.ok(last);
    const ask = { ...plenty, onCrash: 'ask' } as const;
    const asked = { type: 'ask', about: 'crash', detail: '1 tool call was seen; its last words: half done' };
    assert.deepEqual(routeTurn(last, ask), asked);
    assert.deepEqual(routeTurn(last, { ...ask, promptOwed: true }), asked, 'nothing is built on what nobody knows');
    const skip = { ...plenty, onCrash: 'skip' } as const;
    assert.equal(routeTurn(last, skip).type, 'end');
    assert.deepEqual(routeTurn(last, { ...skip, promptOwed: true }), { type: 'nothing', why: 'superseded' });
    assert.equal(routeSessionTurn(last, ask).type, 'ask');
    assert.equal(routeSessionTurn(last, { ...plenty, recoveriesLeft: 0 }).type, 'nothing');
    const lost = { ...last, end: { ...last.end, verdict: 'failed', failure: 'conversation-lost' } } as const;
    assert.equal(routeSessionTurn(lost, ask).type, 'recover', 'nothing was done, so nobody need be asked');
  });

  it('gives an agent that did nothing at all time before it is asked again, but not one that worked', () => {
    const patient = { ...plenty, reminderPauseMs: 20_000 };
    const decide = (over: Partial<TurnEnded>): unknown => {
      const { last } = foldSession(journalOf([queued('a'), handed('a'), ended('a', over)])).turns;
      assert.ok(last);
      return routeTurn(last, patient);
    };
    const pauseOf = (over: Partial<TurnEnded>): unknown => (decide(over) as { pauseMs?: number }).pauseMs;
    assert.equal(pauseOf({ lastMessage: 'Retrying (attempt 3/3)' }), 20_000);
    assert.equal(pauseOf({ verdict: 'failed', failure: 'agent-error' }), 20_000);
    assert.equal(pauseOf({ toolCalls: 2 }), undefined);
    assert.equal(pauseOf({ callback: { type: 'malformed', problem: 'x' } }), undefined);
  });

  it('quotes the last words of an agent that is given up', () => {
    const { last } = foldSession(
      journalOf([queued('a'), handed('a'), ended('a', { lastMessage: 'fetch failed\n' })]),
    ).turns;
    assert.ok(last);
    const decision = routeTurn(last, none);
    assert.match(decision.type === 'end' ? decision.reason : '', /its last words: fetch failed\)/);
  });

  it('is overtaken by a prompt that came later', () => {
    assert.equal(route({ callback: callback() }, { ...plenty, promptOwed: true }), 'nothing superseded');
  });
});

describe('a verification', () => {
  const receipt = (verdict: Verdict): Receipt => ({
    commit: 'c',
    command: 'npm test',
    exitCode: 1,
    signal: null,
    counts: null,
    durationMs: 1,
    logSha256: '',
    logFile: '',
    verdict,
    changedJudges: [],
    at: '',
  });
  const table: readonly [Verdict, string, string][] = [
    [{ type: 'green' }, 'deliver', 'deliver'],
    [{ type: 'red', excerpt: '' }, 'fix', 'end failed'],
    [{ type: 'no-tests', excerpt: '' }, 'fix', 'end failed'],
    [{ type: 'dirty', files: ['a'] }, 'fix', 'end failed'],
    [{ type: 'timeout', excerpt: '' }, 'fix', 'end failed'],
    [{ type: 'head-moved', now: 'd' }, 'fix', 'end failed'],
    [{ type: 'not-runnable', reason: 'ENOENT' }, 'end failed', 'end failed'],
  ];
  for (const [verdict, withRounds, without] of table) {
    it(`that is ${verdict.type} leads to ${withRounds}, and to ${without} when no round is left`, () => {
      for (const [left, expected] of [
        [1, withRounds],
        [0, without],
      ] as const) {
        const decision = routeReceipt(receipt(verdict), 'fix', { fixRoundsLeft: left });
        assert.equal(decision.type === 'end' ? `end ${decision.end}` : decision.type, expected);
      }
    });
  }

  it('tells an agent that committed nothing since the tests last failed', () => {
    const red = receipt({ type: 'red', excerpt: 'x' });
    const again = routeReceipt(red, 'fix', { fixRoundsLeft: 1 }, 1);
    assert.match(again.type === 'fix' ? again.reason : '', /nothing was committed since .* last failed/);
  });

  it('ends a task whose agent committed nothing in two fix rounds', () => {
    const red = receipt({ type: 'red', excerpt: 'x' });
    const third = routeReceipt(red, 'fix', { fixRoundsLeft: 9 }, 2);
    assert.deepEqual(third.type === 'end' && [third.end, third.reason.includes('two fix rounds committed nothing')], [
      'failed',
      true,
    ]);
  });

  it('of an investigation that changed nothing is a report, of a fix it is not', () => {
    assert.deepEqual(routeReceipt(receipt({ type: 'no-change' }), 'chore', { fixRoundsLeft: 3 }), {
      type: 'end',
      end: 'reported',
      reason: 'no code change was made; the report is the result',
    });
    assert.equal(routeReceipt(receipt({ type: 'no-change' }), 'fix', { fixRoundsLeft: 3 }).type, 'fix');
  });
});
