import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deriveState, isOwed } from '../../src/session/derive-state.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import { ended, handed, journalOf, plainRecord, queued, sessionRecord } from './samples.ts';

const states = (events: readonly SessionEvent[]): Record<string, string> =>
  Object.fromEntries([...foldSession(journalOf(events)).prompts.byId.values()].map((entry) => [entry.id, entry.state]));
const owed = (events: readonly SessionEvent[]): string[] =>
  foldSession(journalOf(events)).prompts.owed.map((entry) => entry.id);

describe('the prompts of a journal', () => {
  it('go from queued to done', () => {
    const life = [queued('a'), handed('a'), { type: 'prompt-accepted', promptId: 'a' } as const, ended('a')];
    assert.deepEqual(
      life.map((_, index) => states(life.slice(0, index + 1))['a']),
      ['queued', 'handed', 'accepted', 'done'],
    );
  });

  it('are one prompt when the key is the same', () => {
    assert.deepEqual(owed([queued('a'), queued('b', { key: 'key/a' })]), ['a']);
  });

  it('are owed in the order they were acknowledged, with urgent ones first in their own order', () => {
    assert.deepEqual(
      owed([queued('a'), queued('b'), queued('c', { urgent: true }), queued('d', { urgent: true }), queued('e')]),
      ['c', 'd', 'a', 'b', 'e'],
    );
  });

  it('are unknown, not queued, when the turn has no known end', () => {
    assert.deepEqual(states([queued('a'), handed('a'), ended('a', { verdict: 'unknown' })]), { a: 'unknown' });
  });

  it('go back into the queue when the running turn did not take them', () => {
    const steer = (outcome: 'attempted' | 'injected' | 'declined' | 'unknown'): SessionEvent => ({
      type: 'prompt-steered',
      promptId: 'b',
      turnId: 't-a',
      outcome,
    });
    const before = [queued('a'), handed('a'), queued('b'), steer('attempted')];
    assert.deepEqual(owed(before), []);
    assert.deepEqual(owed([...before, steer('declined')]), ['b']);
    assert.equal(states([...before, steer('injected')])['b'], 'done');
    assert.equal(states([...before, steer('unknown')])['b'], 'unknown');
  });

  it('go back before all others when the agent never had them, and that was no turn', () => {
    const returned = { type: 'prompt-returned', promptId: 'a', turnId: 't-a', by: 'history' } as const;
    const events = [queued('a'), handed('a'), queued('b'), queued('c', { urgent: true }), returned];
    assert.deepEqual(owed(events), ['a', 'c', 'b']);
    const { turns, prompts } = foldSession(journalOf(events));
    assert.deepEqual([turns.open, turns.last, prompts.byId.get('a')?.returns], [null, null, 1]);
    assert.deepEqual(owed([...events, handed('a'), ended('a')]), ['c', 'b']);
  });

  it('are dropped instead where somebody ended the turn, the task or the session, whichever record came first', () => {
    const returned = { type: 'prompt-returned', promptId: 'a', turnId: 't-a', by: 'history' } as const;
    const ends: readonly SessionEvent[] = [
      { type: 'cancel-requested', turnId: 't-a' },
      { type: 'session-stopped' },
      { type: 'task-ended', end: 'failed', reason: 'not finished within 1 h', code: 'timed-out' },
    ];
    for (const end of ends) {
      for (const tail of [
        [end, returned],
        [returned, end],
      ]) {
        const session = foldSession(journalOf([queued('a', { kind: 'task' }), handed('a'), ...tail]));
        assert.deepEqual(
          [session.prompts.owed, session.prompts.byId.get('a')?.state, session.turns.open],
          [[], 'dropped', null],
        );
        assert.equal(isOwed(session, sessionRecord()), false, 'no host is started for it');
      }
    }
    const other = { type: 'cancel-requested', turnId: 't-b' } as const;
    assert.deepEqual(owed([queued('a'), handed('a'), returned, other]), ['a']);
    const again = [queued('a'), handed('a'), returned, handed('a')];
    assert.equal(foldSession(journalOf([...again, { type: 'session-stopped' }])).turns.open?.promptId, 'a');
  });

  it('ignore records of a deposed host', () => {
    const session = foldSession([...journalOf([queued('a')], 2), ...journalOf([handed('a')], 1, 5)]);
    assert.equal(session.prompts.byId.get('a')?.state, 'queued');
  });
});

describe('the state of a session', () => {
  it('is not owed when what was queued by itself, or first, was dropped: it would be restarted for ever', () => {
    const begin = [queued('p-1', { key: 'first', kind: 'task' }), handed('p-1'), ended('p-1', { verdict: 'unknown' })];
    const routed = { type: 'turn-routed', turnId: 't-p-1', decision: { type: 'recover' } } as const;
    const own = queued('p-2', { key: 'recovery/t-p-1', kind: 'recovery' });
    const drop = (promptId: string) => ({ type: 'prompt-dropped', promptId, reason: 'task-ended' }) as const;
    for (const events of [
      [...begin, routed, own, drop('p-2')],
      [queued('p-1', { key: 'first', kind: 'task' }), drop('p-1')],
    ]) {
      const session = foldSession(journalOf(events));
      assert.equal(isOwed(session, sessionRecord()), false);
      assert.equal(deriveState(session, sessionRecord(), false), 'idle');
    }
  });

  it('does not go on asking what a prompt that was on its way has answered', () => {
    const open = { choices: [], facts: {}, deadline: null, fallback: null };
    const decision = { ...open, id: 'clarify-t-a', kind: 'clarification', question: '?' } as const;
    const asked = { type: 'decision-opened', decision } as const;
    const before = [queued('a', { kind: 'task' }), handed('a'), ended('a'), queued('b'), asked];
    assert.equal(foldSession(journalOf(before)).life.decisions.size, 1);
    const { life } = foldSession(journalOf([...before, handed('b')]));
    assert.deepEqual([life.decisions.size, life.endedDecisions.get('clarify-t-a')?.type], [0, 'withdrawn']);
  });

  const table: readonly [string, readonly SessionEvent[], boolean, string][] = [
    ['preparing before its worktree is set up', [queued('a', { kind: 'task' })], true, 'preparing'],
    [
      'waiting while the pool is full',
      [queued('a', { kind: 'task' }), { type: 'slot-waiting', cap: 1, scope: 'user' }],
      true,
      'waiting',
    ],
    [
      'waiting while another task is to complete first',
      [queued('a', { kind: 'task' }), { type: 'task-waiting', for: ['b'] }],
      true,
      'waiting',
    ],
    [
      'preparing when that has completed',
      [queued('a', { kind: 'task' }), { type: 'task-waiting', for: ['b'] }, { type: 'slot-taken' }],
      true,
      'preparing',
    ],
    ['running during a turn', [queued('a', { kind: 'task' }), handed('a')], true, 'running'],
    [
      'crashed when something is owed and no host lives',
      [queued('a', { kind: 'task' }), handed('a')],
      false,
      'crashed',
    ],
    [
      'verifying while its tests run',
      [
        queued('a'),
        handed('a'),
        ended('a'),
        { type: 'turn-routed', turnId: 't-a', decision: { type: 'deliver' } },
        { type: 'steps-planned', planId: 't-a', steps: ['verify', 'push'] },
      ],
      true,
      'verifying',
    ],
    [
      'waiting for a person while a clarification is open',
      [
        queued('a'),
        handed('a'),
        ended('a'),
        { type: 'turn-routed', turnId: 't-a', decision: { type: 'clarify', question: '?' } },
        {
          type: 'decision-opened',
          decision: {
            id: 'clarify-t-a',
            kind: 'clarification',
            question: '?',
            facts: {},
            choices: [],
            deadline: null,
            fallback: null,
          },
        },
      ],
      false,
      'needs-person',
    ],
    [
      'idle when what a person told it instead of an answer was taken back before the agent had it',
      [
        queued('a'),
        handed('a'),
        ended('a'),
        { type: 'turn-routed', turnId: 't-a', decision: { type: 'clarify', question: '?' } },
        queued('b'),
        { type: 'decision-ended', decisionId: 'clarify-t-a', end: { type: 'answered', answer: 'told', by: 'person' } },
        { type: 'prompt-dropped', promptId: 'b', reason: 'cancelled' },
      ],
      false,
      'idle',
    ],
    [
      'completed when it ended so',
      [queued('a'), handed('a'), ended('a'), { type: 'task-ended', end: 'completed', reason: '' }],
      false,
      'completed',
    ],
    [
      'idle after a cancel with nothing queued',
      [
        queued('a'),
        handed('a'),
        ended('a', { verdict: 'cancelled' }),
        { type: 'turn-routed', turnId: 't-a', decision: { type: 'nothing', why: 'cancelled' } },
      ],
      false,
      'idle',
    ],
    [
      'running again when a person tells a finished task something',
      [{ type: 'task-ended', end: 'failed', reason: '' }, queued('b')],
      true,
      'preparing',
    ],
  ];
  for (const [what, events, hostAlive, state] of table) {
    it(`is ${what}`, () => {
      assert.equal(deriveState(foldSession(journalOf(events)), sessionRecord(), hostAlive), state);
    });
  }

  it('is idle for a session that owes nothing, stopped after stop', () => {
    assert.equal(deriveState(foldSession([]), plainRecord(), false), 'idle');
    assert.equal(deriveState(foldSession(journalOf([{ type: 'session-stopped' }])), plainRecord(), true), 'stopped');
  });

  it('owes its first prompt even before a host journaled it', () => {
    assert.equal(isOwed(foldSession([]), sessionRecord()), true);
    assert.equal(isOwed(foldSession([]), plainRecord()), false);
  });

  it('is the same whether the journal is folded at once or in two parts', () => {
    const event = fc.constantFrom<SessionEvent>(
      queued('a'),
      queued('b', { urgent: true }),
      handed('a'),
      ended('a'),
      { type: 'prompt-dropped', promptId: 'b', reason: 'cancelled' },
      { type: 'session-stopped' },
      { type: 'task-ended', end: 'failed', reason: '' },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), fc.boolean(), (events, alive) => {
        const records = journalOf(events);
        const once = foldSession(records);
        assert.equal(
          deriveState(once, sessionRecord(), alive),
          deriveState(foldSession(records), sessionRecord(), alive),
        );
        assert.ok(once.prompts.owed.every((entry) => entry.state === 'queued'));
      }),
    );
  });
});
