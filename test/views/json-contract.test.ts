import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { errorJson } from '../../src/cli/report-error.ts';
import { refused } from '../../src/errors.ts';
import type { AgentNews, PlacedNews } from '../../src/session/agent-news.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import type { Cursor } from '../../src/store/cursor.ts';
import { ByteText } from '../../src/text/byte-text.ts';
import { safeJson } from '../../src/views/json-text.ts';
import { damagedJson, eventJson } from '../../src/views/json-log.ts';
import { outcomeJson, waitJson } from '../../src/views/json-outcome.ts';
import { sessionDetailsJson, sessionJson } from '../../src/views/json-session.ts';
import { addNews, copyNews, UpdateLines } from '../../src/views/update-lines.ts';
import { turnsOf, usageJson } from '../../src/views/usage.ts';
import { plannedTaskJson } from '../../src/views/plan.ts';
import { outcomeOf } from '../../src/views/outcome.ts';
import { ended, handed, journalOf, plainRecord, queued, sessionRecord, taskSpec } from '../session/samples.ts';
import { factsOf, hostStarted, receipt, setUp, worktreeReady } from './samples.ts';

/**
 * The public JSON, one file per document. Programs depend on it: a field that is missing or means something else is a
 * new schemaVersion; a new field is added here. Run with CONDUXT_WRITE_FIXTURES=1 to write the files anew.
 */
const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/json');
const NOW = Date.parse('2026-01-01T00:03:05.000Z');

const running: readonly SessionEvent[] = [
  hostStarted,
  queued('p-1', { kind: 'task' }),
  worktreeReady,
  setUp,
  handed('p-1'),
];
const delivered: readonly SessionEvent[] = [
  ...running,
  ended('p-1', {
    lastMessage: 'All done.',
    toolCalls: 4,
    usage: { inputTokens: 9000, outputTokens: 345, totalTokens: 9345, costAmount: 0.12, costCurrency: 'USD' },
    callback: {
      type: 'valid',
      callback: { task_id: 'issue-78', nonce: 'n', status: 'completed', summary: 'The offset counted from one.' },
    },
  }),
  { type: 'milestone', text: 'tests pass' },
  {
    type: 'verification-finished',
    planId: 't-p-1',
    receipt: receipt({
      changedByTests: ['src/generated.ts'],
      movedBranches: [{ branch: 'next', from: 'd'.repeat(40), to: 'c'.repeat(40) }],
      fresh: { because: 'the tests changed src/generated.ts', result: 'green', durationMs: 4100 },
    }),
    decision: { type: 'deliver' },
  },
  {
    type: 'step-finished',
    planId: 't-p-1',
    step: 'pull-request',
    outcome: {
      type: 'pull-request',
      url: 'https://example.invalid/pull/5',
      number: 5,
      created: true,
      conflicts: { 'add-search': ['src/list.ts'] },
    },
  },
  { type: 'task-ended', end: 'completed', reason: 'verified by its tests' },
];
const asking: readonly SessionEvent[] = [
  ...running,
  ended('p-1'),
  {
    type: 'decision-opened',
    decision: {
      id: 'clarify-t-p-1',
      kind: 'clarification',
      question: 'Which page size?',
      facts: {},
      choices: [],
      deadline: null,
      fallback: null,
    },
  },
];

const awaiting: readonly SessionEvent[] = [
  ...delivered.slice(0, -1),
  { type: 'task-awaiting', phase: 'awaiting_review' },
];
const turns = turnsOf(
  journalOf([
    queued('p-1', { kind: 'task' }),
    handed('p-1'),
    ended('p-1', {
      usage: {
        inputTokens: 9000,
        outputTokens: 345,
        cachedReadTokens: 8000,
        cachedWriteTokens: 500,
        thoughtTokens: 40,
        totalTokens: 9345,
        costAmount: 0.12,
        costCurrency: 'USD',
        contextTokens: 9100,
        contextSize: 200_000,
      },
    }),
  ]),
);

const paths = {
  dir: '/state/sessions/s-01jd0000000000000000000000',
  journal: '/state/sessions/s-01jd0000000000000000000000/journal.ndjson',
  transcript: '/state/sessions/s-01jd0000000000000000000000/transcript.ndjson',
};
const label = { name: 'issue-78', id: 's-01jd0000000000000000000000' };
/** As `log` puts an update's line together. */
function updateLine(
  cursor: Cursor,
  update: { atMs: number; turnId: string | null; news: AgentNews | null; bytes: number; message?: string },
): string {
  const out = new ByteText();
  const lines = new UpdateLines(label);
  lines.begin(out, cursor, update.atMs, update.turnId);
  addNews(out, update.news);
  lines.end(out, update.bytes, update.message === undefined ? undefined : Buffer.from(update.message));
  return out.bytes.toString('utf8').replace(/\n$/, '');
}
const firstRecord = (event: SessionEvent) => {
  const [record] = journalOf([event]);
  assert.ok(record !== undefined);
  return record;
};
const plan = {
  record: { ...sessionRecord(), task: taskSpec() },
  agentWhy: 'it was asked for',
  expected: { medianMs: 240_000, samples: 5, basis: 'kind' as const },
  warnings: [],
};

const documents: Readonly<Record<string, object | readonly object[]>> = {
  'status.json': {
    schemaVersion: 1,
    sessions: [
      sessionJson(factsOf(delivered), NOW),
      sessionJson(factsOf(asking), NOW),
      sessionJson(factsOf(awaiting), NOW),
      sessionJson(factsOf([hostStarted], plainRecord()), NOW),
      {
        id: 's-01jd0000000000000000000001',
        name: 'broken',
        state: 'unreadable',
        error: { code: 'record-damaged', message: 'Unexpected end of JSON input' },
      },
    ],
  },
  'status-session.json': sessionDetailsJson(
    {
      ...factsOf([...delivered.slice(0, -1), queued('p-2', { bytes: 120 })]),
      damaged: [{ offset: 812, bytes: 90 }],
      paths,
    },
    NOW,
  ),
  'wait.json': waitJson([
    outcomeJson(factsOf(delivered), 'settled', outcomeOf(factsOf(delivered)).exitCode, NOW),
    outcomeJson(factsOf(asking), 'settled', outcomeOf(factsOf(asking)).exitCode, NOW),
    outcomeJson(factsOf(running), 'detached', 130, NOW),
  ]),
  'usage.json': { ...usageJson([{ record: sessionRecord(), turns }], (iso) => iso.slice(0, 10)), turns },
  'run-no-wait.json': { schemaVersion: 1, tasks: [plannedTaskJson(plan)] },
  'run.ndjson': [
    { schemaVersion: 1, type: 'task', ...plannedTaskJson(plan) },
    eventJson(label, '1:1', firstRecord(hostStarted)),
    updateLine(
      { epoch: 1, seq: 2 },
      {
        atMs: Date.UTC(2026, 0, 1, 0, 0, 1),
        turnId: 't-1',
        news: { type: 'message', text: 'Hello\u202e', messageId: null },
        bytes: 140,
      },
    ),
    { schemaVersion: 1, type: 'outcome', ...outcomeJson(factsOf(delivered), 'settled', 0, NOW) },
  ],
  'log.ndjson': [
    eventJson(label, '1:4', firstRecord(setUp)),
    updateLine(
      { epoch: 1, seq: 5 },
      {
        atMs: Date.UTC(2026, 0, 1, 0, 0, 1),
        turnId: 't-1',
        news: { type: 'tool', toolCallId: 'c1', title: 'Read a.ts', kind: 'read', status: 'completed' },
        bytes: 200,
      },
    ),
    updateLine(
      { epoch: 1, seq: 6 },
      {
        atMs: Date.UTC(2026, 0, 1, 0, 0, 2),
        turnId: null,
        news: null,
        bytes: 9_000_000,
      },
    ),
    updateLine(
      { epoch: 1, seq: 7 },
      {
        atMs: Date.UTC(2026, 0, 1, 0, 0, 3),
        turnId: 't-1',
        news: { type: 'thought', text: 'hm' },
        bytes: 90,
        message: '{"jsonrpc":"2.0"}',
      },
    ),
    damagedJson(label, { file: 'journal', offset: 812, bytes: 90 }),
  ],
  'error.json': errorJson(
    refused('name-taken', 'There is already a session "issue-78".', {
      remedy: 'Choose another name with --name.',
      facts: { name: 'issue-78' },
    }),
  ),
};

describe('the JSON contract', () => {
  for (const [file, document] of Object.entries(documents)) {
    it(`of ${file} is as programs know it`, () => {
      const list: readonly (object | string)[] | null = Array.isArray(document) ? document : null;
      const text =
        list === null
          ? `${safeJson(document, 2)}\n`
          : list.map((line) => `${typeof line === 'string' ? line : safeJson(line)}\n`).join('');
      const fixture = path.join(FIXTURES, file);
      if (process.env['CONDUXT_WRITE_FIXTURES'] === '1') {
        mkdirSync(FIXTURES, { recursive: true });
        writeFileSync(fixture, text);
      }
      assert.equal(text, readFileSync(fixture, 'utf8'));
    });
  }

  it('is the same for news that are copied from the message', () => {
    const message = Buffer.from('{"id":"c1","title":"Read a.ts","kind":"read"}');
    const place = (text: string) => ({ from: message.indexOf(text), to: message.indexOf(text) + text.length });
    const [toolCallId, title, kind] = ['c1', 'Read a.ts', 'read'].map(place);
    assert.ok(toolCallId !== undefined && title !== undefined && kind !== undefined);
    const printed = (news: AgentNews, placed: PlacedNews): void => {
      const [made, copied] = [new ByteText(), new ByteText()];
      addNews(made, news);
      assert.equal(copyNews(copied, message, placed), true);
      assert.equal(copied.bytes.toString(), made.bytes.toString());
    };
    printed(
      { type: 'tool', toolCallId: 'c1', title: 'Read a.ts', kind: 'read', status: null },
      { type: 'tool', toolCallId, title, kind, status: null },
    );
    printed({ type: 'message', text: 'c1', messageId: 'read' }, { type: 'message', text: toolCallId, messageId: kind });
    printed({ type: 'message', text: 'c1', messageId: null }, { type: 'message', text: toolCallId, messageId: null });
    printed({ type: 'thought', text: 'read' }, { type: 'thought', text: kind });
  });

  it('names its schema version in every document and on every line', () => {
    for (const [file, document] of Object.entries(documents)) {
      const all: readonly (object | string)[] = Array.isArray(document) ? document : [document];
      for (const one of all) {
        const line: unknown = typeof one === 'string' ? JSON.parse(one) : one;
        assert.equal((line as { schemaVersion?: unknown }).schemaVersion, 1, file);
      }
    }
  });
});
