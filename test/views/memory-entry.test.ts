import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionEvent } from '../../src/session/events.ts';
import { deriveState } from '../../src/session/derive-state.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { sessionPaths } from '../../src/store/paths.ts';
import type { SessionView } from '../../src/store/read-session.ts';
import { memoryEntry } from '../../src/views/memory-entry.ts';
import { renderMemorySection } from '../../src/views/memory-section.ts';
import { journalOf, sessionRecord } from '../session/samples.ts';

const HOST = { pid: 4711, startTime: '1', bootId: 'b' };
const STARTED: readonly SessionEvent[] = [
  { type: 'host-started', process: HOST, version: '0.1.0' },
  { type: 'prompt-queued', promptId: 'p-1', key: 'first', kind: 'task', bytes: 4, sha256: '0'.repeat(64) },
  { type: 'slot-taken' },
  {
    type: 'worktree-ready',
    path: "/trees/it's here/issue-78",
    branch: 'fix/issue-78',
    baseCommit: 'b'.repeat(40),
    created: true,
  },
  { type: 'setup-finished', ok: true, command: null, exitCode: 0, excerpt: '', durationMs: 1 },
  { type: 'agent-session', nativeId: 'native-1', continuity: 'new', agentVersion: '1' },
  { type: 'prompt-handed', promptId: 'p-1', turnId: 't-1', nonce: 'n' },
  { type: 'milestone', text: 'the agent runs the tests' },
];

function viewOf(events: readonly SessionEvent[], over: Partial<SessionRecord> = {}, hostAlive = true): SessionView {
  const record = sessionRecord(over);
  const folded = foldSession(journalOf(events));
  const state = deriveState(folded, record, hostAlive);
  return { record, paths: sessionPaths('/state', record.id, '/run'), folded, hostAlive, state, damaged: [] };
}

const CLAUDE = { name: 'claude', command: '/usr/bin/node', args: ['a.js'], env: {}, envFile: null, version: '0.100.0' };

describe('memoryEntry', () => {
  it('tells a running task with all that is needed to go on without conduxt', () => {
    const entry = memoryEntry(viewOf(STARTED, { agent: CLAUDE }));
    assert.equal(entry.state, 'running');
    assert.equal(entry.branch, 'fix/issue-78');
    assert.equal(entry.agent, 'claude 0.100.0');
    assert.equal(entry.directory, "/trees/it's here/issue-78");
    assert.equal(entry.milestone, 'the agent runs the tests');
    assert.equal(entry.callback, 'none yet');
    assert.equal(entry.pid, 4711);
    assert.equal(entry.nativeId, 'native-1');
    assert.equal(entry.resumeByHand, String.raw`cd '/trees/it'\''s here/issue-78' && claude --resume native-1`);
    assert.equal(entry.commands[0], 'conduxt status issue-78');
  });

  it('says of a task whose worktree was made and nothing more that it is prepared, and pending', () => {
    const made = STARTED.filter(({ type }) => !/^prompt-|^agent-|milestone/.test(type));
    const view = viewOf(made, { firstPrompt: null }, false);
    assert.equal(view.state, 'prepared');
    const text = renderMemorySection([memoryEntry(view)]);
    assert.match(text, /pending \(prepared\)/);
    assert.doesNotMatch(text, /in-progress/);
    const during = viewOf(made.slice(0, -1), { firstPrompt: null });
    assert.equal(during.state, 'preparing', 'its set-up is not over');
  });

  it("quotes the agent's own session id: whoever pastes the line runs nothing else", () => {
    const resumeOf = (nativeId: string): string | null => {
      const session = { type: 'agent-session' as const, nativeId, continuity: 'new' as const, agentVersion: null };
      return memoryEntry(viewOf([...STARTED, session], { agent: CLAUDE })).resumeByHand;
    };
    assert.match(resumeOf('x; rm -rf ~ $(id)') ?? '', / --resume 'x; rm -rf ~ \$\(id\)'$/);
    assert.equal(resumeOf('--dangerously-skip-permissions'), null);
  });

  it('tells how far it has come when nothing was noted', () => {
    const events = STARTED.filter(({ type }) => type !== 'milestone');
    assert.equal(memoryEntry(viewOf(events)).milestone, 'turn 1 is running');
    assert.equal(memoryEntry(viewOf(events.slice(0, 2))).milestone, 'preparing the worktree');
  });

  it('offers no way by hand for an agent that does not take the id', () => {
    assert.equal(memoryEntry(viewOf(STARTED)).resumeByHand, null);
  });

  it('tells the end: callback, reason, pull request', () => {
    const ended: readonly SessionEvent[] = [
      ...STARTED,
      {
        type: 'turn-ended',
        turnId: 't-1',
        promptId: 'p-1',
        verdict: 'done',
        stopReason: 'end_turn',
        callback: {
          type: 'valid',
          callback: {
            task_id: 'issue-78',
            nonce: 'n',
            status: 'completed',
            test_results: { passed: 3, failed: 0, skipped: 1 },
            summary: 'Fixed it',
          },
        },
        lastMessage: '',
        toolCalls: 1,
      },
      { type: 'turn-routed', turnId: 't-1', decision: { type: 'deliver' } },
      { type: 'steps-planned', planId: 't-1', steps: ['pull-request'] },
      {
        type: 'step-finished',
        planId: 't-1',
        step: 'pull-request',
        outcome: { type: 'pull-request', url: 'https://example.org/1', number: 1, created: true, conflicts: {} },
      },
      { type: 'task-ended', end: 'completed', reason: 'verified' },
      { type: 'host-stopped', reason: 'idle' },
    ];
    const entry = memoryEntry(viewOf(ended, {}, false));
    assert.equal(entry.state, 'completed');
    assert.equal(entry.callback, 'completed (3 passed, 0 failed, 1 skipped): Fixed it');
    assert.equal(entry.reason, 'verified');
    assert.equal(entry.pullRequest, 'https://example.org/1');
    assert.equal(entry.pid, null);
    assert.match(renderMemorySection([entry]), /- \*\*Status:\*\* completed\n/);
  });

  it('tells what a task waits for', () => {
    const decision = {
      id: 'd-1',
      kind: 'clarification' as const,
      question: 'Which currency?',
      facts: {},
      choices: [],
      deadline: null,
      fallback: null,
    };
    const entry = memoryEntry(viewOf([...STARTED, { type: 'decision-opened', decision }]));
    assert.equal(entry.reason, 'Which currency?');
  });

  it('tells a plain session without branch and task', () => {
    const entry = memoryEntry(viewOf(STARTED.slice(0, 1), { kind: 'session', task: null, firstPrompt: null }));
    assert.equal(entry.branch, null);
    assert.equal(entry.description, 'interactive session');
    assert.match(renderMemorySection([entry]), /### issue-78: interactive session/);
  });
});
