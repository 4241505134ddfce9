import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SessionEvent } from '../../src/session/events.ts';
import { newProgressMemory, progressOf, type ProgressLine } from '../../src/views/progress.ts';
import type { AgentNews } from '../../src/session/agent-news.ts';
import { newNewsMemory, pieceOf } from '../../src/views/progress-update.ts';
import { ended, handed, journalOf, queued } from '../session/samples.ts';
import { receipt } from './samples.ts';

const show = (line: ProgressLine | null): string | null =>
  line === null ? null : [`${line.label}: ${line.text}`, ...(line.below ?? [])].join(' / ');

/** The lines of a journal, without what is not shown. */
function linesOf(events: readonly SessionEvent[], epoch = 1): string[] {
  const memory = newProgressMemory();
  return journalOf(events, epoch)
    .map((record) => show(progressOf(memory, record)))
    .filter((line) => line !== null);
}

const process = { pid: 1, startTime: '1', bootId: 'b' };

describe('progress of a journal', () => {
  const table: readonly [string, SessionEvent, string | null][] = [
    ['the first host is no news', { type: 'host-started', process, version: '1' }, null],
    ['an idle host leaves quietly', { type: 'host-stopped', reason: 'idle' }, null],
    [
      'a cut-off record is told',
      { type: 'journal-recovered', bytesCut: 12 },
      'host: a record torn by a crash was cut off (12 bytes)',
    ],
    ['the task itself is no news', queued('p-1', { kind: 'task' }), null],
    ['words of a person are told with their size', queued('p-1', { bytes: 2048 }), 'prompt: queued (2.0 KiB)'],
    ['an interrupt goes next', queued('p-1', { urgent: true }), 'prompt: goes next (1 bytes)'],
    [
      'a dropped prompt is told',
      { type: 'prompt-dropped', promptId: 'p', reason: 'replaced' },
      'prompt: dropped before the agent saw it (replaced)',
    ],
    [
      'a good turn tells its tool calls',
      ended('p-1', { toolCalls: 2, usage: { totalTokens: 12_345 } }),
      'turn: done (2 tool calls, 12.3k tokens)',
    ],
    [
      'a failed turn tells why',
      ended('p-1', { verdict: 'failed', failure: 'agent-exited', detail: 'exit 1' }),
      'turn: failed: the agent ended in the middle of its turn / exit 1',
    ],
    [
      'a fresh conversation is never passed off as the old',
      { type: 'agent-session', nativeId: 'n', continuity: 'new', agentVersion: null, lost: 'gone' },
      'agent: a new conversation: gone',
    ],
    [
      'processes that could not be ended are named',
      { type: 'agent-exited', exitCode: 0, signal: null, left: [7, 8], stderrTail: '' },
      'agent: processes could not be ended: 7, 8',
    ],
    [
      'a full pool says so',
      { type: 'slot-waiting', cap: 4, scope: 'user' },
      'slot: waiting: 4 tasks at once is the limit per user; this one starts by itself',
    ],
    [
      'a task that waits for others of its command says so',
      { type: 'slot-waiting', cap: 1, scope: 'batch' },
      'slot: waiting: 1 task at once is the limit of --parallel; this one starts by itself',
    ],
    [
      'a task that comes after others names them',
      { type: 'task-waiting', for: ['a', 'b'] },
      'waits: for a, b; this one starts by itself',
    ],
    [
      'a worktree that was there is said to be',
      { type: 'worktree-ready', path: '/w', branch: 'fix/a', baseCommit: 'c', created: false },
      'worktree: /w on fix/a (was there)',
    ],
    [
      'a failed set-up shows its output',
      { type: 'setup-finished', ok: false, command: 'npm ci', exitCode: 1, excerpt: 'a\nb\n', durationMs: 1500 },
      'set-up: failed: npm ci (1.5 s) / a / b',
    ],
    [
      'a green receipt tells the counts',
      { type: 'verification-finished', planId: null, receipt: receipt(), decision: null },
      'verify: passed: 12 passed, 0 failed, 1 skipped (npm test, 3.2 s, commit cccccccccc)',
    ],
    [
      'a red receipt tells the excerpt',
      {
        type: 'verification-finished',
        planId: null,
        receipt: receipt({ verdict: { type: 'red', excerpt: 'not ok 1' }, counts: null, exitCode: 1 }),
        decision: null,
      },
      'verify: failed (exit code 1) (npm test, 3.2 s, commit cccccccccc) / not ok 1',
    ],
    [
      'no test is not a pass',
      {
        type: 'verification-finished',
        planId: null,
        receipt: receipt({ verdict: { type: 'no-tests', excerpt: '' } }),
        decision: null,
      },
      'verify: not a pass: no test was run (npm test, 3.2 s, commit cccccccccc)',
    ],
    [
      'a blocked step names the way on',
      {
        type: 'step-finished',
        planId: 'p',
        step: 'pull-request',
        outcome: { type: 'blocked', why: 'gh is logged out', remedy: 'gh auth login' },
      },
      'pr: blocked: gh is logged out / to go on: gh auth login',
    ],
    [
      'a pull request names files others touch too',
      {
        type: 'step-finished',
        planId: 'p',
        step: 'pull-request',
        outcome: {
          type: 'pull-request',
          url: 'https://x/1',
          number: 1,
          created: true,
          conflicts: { other: ['a.ts', 'b.ts'] },
        },
      },
      'pr: https://x/1 / also touched by other: a.ts, b.ts',
    ],
    [
      'a question tells how to answer it',
      {
        type: 'decision-opened',
        decision: {
          id: 'd-1',
          kind: 'gate',
          question: 'Deliver?',
          facts: {},
          choices: ['deliver', 'fail'],
          deadline: null,
          fallback: null,
        },
      },
      'question: Deliver? / conduxt answer d-1 deliver|fail',
    ],
    ['an end tells its reason', { type: 'task-ended', end: 'failed', reason: 'no way' }, 'task: failed: no way'],
    [
      'a notifier that failed is named',
      { type: 'notified', about: 'ended/1', problems: ['desktop: no bus'] },
      'notify: somebody could not be told / desktop: no bus',
    ],
  ];
  for (const [what, event, expected] of table) {
    it(what, () => assert.equal(linesOf([event])[0] ?? null, expected));
  }

  it('counts turns and fix rounds, and says what a turn is about', () => {
    const events = [
      queued('p-1', { kind: 'task' }),
      handed('p-1'),
      ended('p-1'),
      queued('p-2', { kind: 'fix' }),
      handed('p-2'),
    ];
    assert.deepEqual(linesOf(events), [
      'turn: 1 begins',
      'turn: done (0 tool calls)',
      'fix: round 1: the agent is asked to mend it',
      'turn: 2 begins (fix)',
    ]);
  });

  it('tells of a host that took over', () => {
    assert.deepEqual(linesOf([{ type: 'host-started', process, version: '1' }], 3), [
      'host: a new host took over (epoch 3)',
    ]);
  });

  it('skips events of a newer version', () => {
    const [record] = journalOf([{ type: 'milestone', text: 'x' }]);
    assert.ok(record !== undefined);
    assert.equal(progressOf(newProgressMemory(), { ...record, type: 'from-the-future' } as never), null);
  });

  it('lets no control character of an agent through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const lines = linesOf([
          { type: 'milestone', text },
          { type: 'task-ended', end: 'failed', reason: text },
          { type: 'worktree-ready', path: text, branch: text, baseCommit: text, created: true },
          ended('p-1', { verdict: 'failed', detail: text }),
          {
            type: 'verification-finished',
            planId: null,
            receipt: receipt({ command: text, verdict: { type: 'red', excerpt: text } }),
            decision: null,
          },
        ]);

        for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e\u2066]/);
      }),
    );
  });
});

describe('progress of an agent', () => {
  const tool = (over: Partial<Extract<AgentNews, { type: 'tool' }>>): AgentNews => ({
    type: 'tool',
    toolCallId: 'c1',
    title: null,
    kind: null,
    status: null,
    ...over,
  });

  const toolLines = (news: readonly AgentNews[]): string[] => {
    const memory = newNewsMemory();
    return news.flatMap((one) => {
      const piece = pieceOf(memory, one);
      return piece?.type === 'line' ? [`${piece.line.label}: ${piece.line.text}`] : [];
    });
  };

  it('shows a tool call once per change of state, with the title it had', () => {
    const news = [
      tool({ title: 'Read a.ts', status: 'pending' }),
      tool({ status: 'in_progress' }),
      tool({ status: 'in_progress' }),
      tool({}),
      tool({ status: 'completed' }),
    ];
    assert.deepEqual(toolLines(news), [
      'tool: Read a.ts [pending]',
      'tool: Read a.ts [running]',
      'tool: Read a.ts [done]',
    ]);
  });

  it('keeps the state when only the title changes', () => {
    assert.deepEqual(toolLines([tool({ title: 'Read', status: 'in_progress' }), tool({ title: 'Read a.ts' })]), [
      'tool: Read [running]',
      'tool: Read a.ts [running]',
    ]);
  });

  it('shows a plan with its marks', () => {
    const piece = pieceOf(newNewsMemory(), {
      type: 'plan',
      entries: [
        { content: 'read', status: 'completed' },
        { content: 'edit', status: 'in_progress' },
        { content: 'test', status: 'pending' },
      ],
    });
    assert.deepEqual(piece?.type === 'line' ? [piece.line.text, ...(piece.line.below ?? [])] : [], [
      '1 of 3 done',
      '[x] read',
      '[>] edit',
      '[ ] test',
    ]);
  });

  it('remembers a bounded number of tool calls', () => {
    const memory = newNewsMemory();
    for (let at = 0; at < 2000; at += 1) pieceOf(memory, tool({ toolCallId: `c${at}`, title: 'x', status: 'pending' }));
    assert.ok(memory.tools.size <= 500);
  });
});
