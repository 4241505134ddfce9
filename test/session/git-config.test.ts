import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextAction } from '../../src/route/next-action.ts';
import { deriveState } from '../../src/session/derive-state.ts';
import type { DecisionEnd } from '../../src/session/decision.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import type { GitConfigSnapshot } from '../../src/session/git-config.ts';
import { ended, handed, journalOf, queued, sessionRecord } from './samples.ts';

const snapshot = (settings: Record<string, string>): GitConfigSnapshot => ({
  ...{ gitDir: '/g', commonDir: '/g', files: {}, problem: null },
  settings,
});
const before = snapshot({});
const after = snapshot({ 'filter.x.clean (local)': 'hash' });

const prepared: SessionEvent[] = [
  queued('p', { kind: 'task', key: 'first' }),
  { type: 'git-config-accepted', snapshot: before },
  { type: 'worktree-ready', path: '/w', branch: 'b', baseCommit: 'c', created: true },
  { type: 'setup-finished', ok: true, command: null, exitCode: null, excerpt: '', durationMs: 0 },
];
const callback = { type: 'valid', callback: { status: 'completed', summary: '', files_changed: [] } } as const;
const worked: SessionEvent[] = [
  ...prepared,
  handed('p'),
  ended('p', { callback: callback as never }),
  { type: 'turn-routed', turnId: 't-p', decision: { type: 'deliver' } },
];
const changed: SessionEvent[] = [
  { type: 'git-config-changed', decisionId: 'd-1', snapshot: after, changes: ['git setting filter.x.clean was added'] },
  {
    type: 'decision-opened',
    decision: { ...{ id: 'd-1', kind: 'gate', question: '?', facts: {}, choices: [] }, deadline: null, fallback: null },
  },
];
const end = (answer: DecisionEnd): SessionEvent => ({ type: 'decision-ended', decisionId: 'd-1', end: answer });
const answered = (answer: string): SessionEvent => end({ type: 'answered', answer, by: 'person' });
const record = sessionRecord();
const journaled = (...events: SessionEvent[]) => foldSession(journalOf([...worked, ...changed, ...events]));

describe('a change of git’s configuration, as the journal tells it', () => {
  const told: SessionEvent = { type: 'notified', about: 'decision/d-1', problems: [] };

  it('holds up every step until it is answered', () => {
    const session = journaled(told);
    assert.deepEqual(nextAction(session, record), { type: 'rest' });
    assert.equal(deriveState(session, record, false), 'needs-person');
  });

  it('allowed, is the new measure, and the work goes on', () => {
    const session = journaled(told, answered('allow'));
    assert.deepEqual(session.gitConfig, { accepted: after, pending: null });
    assert.equal(nextAction(session, record).type, 'plan');
  });

  it('undone, is looked for again, by the old measure', () => {
    for (const answer of [answered('retry'), end({ type: 'withdrawn' })]) {
      const session = journaled(told, answer);
      assert.deepEqual(session.gitConfig, { accepted: before, pending: null });
      assert.equal(nextAction(session, record).type, 'plan');
    }
  });

  it('denied, ends the task, which a person’s word takes up again with a new look', () => {
    const session = journaled(told, answered('deny'));
    const action = nextAction(session, record);
    assert.ok(action.type === 'end' && action.end === 'failed');
    assert.match(action.reason, /not allowed: git setting filter\.x\.clean was added/);
    const again = journaled(told, answered('deny'), { type: 'task-ended', end: 'failed', reason: 'x' }, queued('q'));
    assert.equal(again.gitConfig.pending, null);
    assert.equal(again.gitConfig.accepted, before);
  });

  it('does not keep a person’s words from the agent', () => {
    assert.deepEqual(nextAction(journaled(told, queued('q')), record), { type: 'hand', promptId: 'q' });
  });

  it('by another task holds up the very beginning', () => {
    const session = foldSession(journalOf([queued('p', { kind: 'task', key: 'first' }), ...changed, told]));
    assert.deepEqual(nextAction(session, record), { type: 'rest' });
    assert.equal(deriveState(session, record, false), 'needs-person');
  });
});
