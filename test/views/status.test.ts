import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detailLines } from '../../src/views/details.ts';
import { sessionDetailsJson, sessionJson, type SessionJson } from '../../src/views/json-session.ts';
import { displayWidth } from '../../src/views/columns.ts';
import { newProgressMemory, progressOf } from '../../src/views/progress.ts';
import { withoutCallback } from '../../src/views/said.ts';
import { statusTable } from '../../src/views/status-table.ts';
import type { Line } from '../../src/views/tone.ts';
import { ended, handed, queued, sessionRecord, taskSpec } from '../session/samples.ts';
import { factsOf, hostStarted, receipt, setUp, worktreeReady } from './samples.ts';

const NOW = Date.parse('2026-01-01T00:03:05.000Z');
const textOf = (line: Line): string => line.map((span) => span.text).join('');

function session(over: Partial<SessionJson> = {}): SessionJson {
  const facts = factsOf([hostStarted, queued('p-1', { kind: 'task' }), worktreeReady, setUp, handed('p-1')]);
  return { ...sessionJson(facts, NOW), ...over };
}

describe('the status table', () => {
  it('has one aligned line per session', () => {
    const lines = statusTable(
      [
        session(),
        session({
          name: 'add-pagination',
          state: 'needs-person',
          doing: 'Which page size?',
          queue: 3,
          turns: 12,
          pullRequest: { url: 'x', number: 5, conflicts: {} },
        }),
      ],
      { width: 120, qualified: false },
    ).map(textOf);
    assert.deepEqual(lines, [
      'NAME            AGENT      BACKEND  STATE         NOW               QUEUE  TURNS  TIME  PR',
      'issue-78        rehearsal  acp      running       turn 1                0      1  3m05',
      'add-pagination  rehearsal  acp      needs-person  Which page size?      3     12  3m05  #5',
    ]);
  });

  it('stays within the width by shortening what the session does', () => {
    const lines = statusTable([session({ doing: 'word '.repeat(100) })], { width: 90, qualified: false });
    for (const line of lines) assert.ok(displayWidth(textOf(line)) <= 90, textOf(line));
  });

  it('names the repository when several are shown', () => {
    assert.match(textOf(statusTable([session()], { width: 120, qualified: true })[1] ?? []), /^demo\/issue-78 /);
  });

  it('shows what cannot be read instead of hiding it', () => {
    const lines = statusTable(
      [
        { id: 's-1', name: 'broken', state: 'unreadable', error: { code: 'x', message: 'bad\u001b[31m JSON' } },
        session({ damagedRecords: 2 }),
      ],
      { width: 120, qualified: false },
    ).map(textOf);
    assert.equal(lines[1], 'broken unreadable: bad\\u{1b}[31m JSON');
    assert.equal(lines[3], 'issue-78: 2 damaged records in its journal (conduxt status issue-78)');
  });
});

describe('what an agent said', () => {
  it('is shown without the callback, wherever it stands and however long its fence is', () => {
    const block = '```callback-json\n{"status": "completed"}\n```';
    const table: readonly [string, string][] = [
      [`Done.\n\n${block}\n`, 'Done.'],
      [block, ''],
      [`Done.${block}`, 'Done.'],
      ['Done.\n```callback-json\n{"cut', 'Done.'],
      ['````callback-json\n```\n````\nafter', 'after'],
      ['```js\nlet a;\n```', '```js\nlet a;\n```'],
    ];
    for (const [text, expected] of table) assert.equal(withoutCallback(text), expected);
  });
});

describe('the details of a session', () => {
  it('say what confines its agent, and what that may write beside its work', () => {
    const sandbox = { type: 'bwrap', program: '/usr/bin/bwrap', writable: ['~/go', '/opt/\u001b[2Jx'] } as const;
    const facts = factsOf([hostStarted], sessionRecord({ sandbox }));
    const paths = { dir: '/s', journal: '/s/journal.ndjson', transcript: '/s/transcript.ndjson' };
    const document = sessionDetailsJson({ ...facts, damaged: [], paths }, NOW);
    assert.deepEqual(document.session.sandbox, { type: 'bwrap', writable: sandbox.writable });
    const line = detailLines(document)
      .map(textOf)
      .find((text) => text.includes('sandbox'));
    assert.match(line ?? '', /bwrap: only the worktree, .* can be written; also ~\/go, \/opt\/[^\u001b]*x$/);
  });

  it('of a task that failed tell what the command that failed said, which comes last, and so does its log', () => {
    const reason = `\`git worktree add ${'x'.repeat(300)}\` failed with exit code 128: fatal: no room`;
    const facts = factsOf([hostStarted, { type: 'task-ended', end: 'failed', reason, code: 'set-up-failed' }]);
    const paths = { dir: '/s', journal: '/s/journal.ndjson', transcript: '/s/transcript.ndjson' };
    const [head = []] = detailLines(sessionDetailsJson({ ...facts, damaged: [], paths }, NOW));
    assert.match(textOf(head), /fatal: no room$/);
    const record = { type: 'task-ended', end: 'failed', reason, seq: 1, epoch: 1, at: facts.record.createdAt } as const;
    assert.match(progressOf(newProgressMemory(), record)?.text ?? '', /fatal: no room$/);
  });

  it('name everything a person has to know, safe to print', () => {
    const record = sessionRecord({
      task: taskSpec({
        words: 'fix issue #78\nplease\u001b[2J',
        tags: ['ui'],
        after: ['other'],
        checklist: ['no new deps'],
      }),
    });
    const facts = factsOf(
      [
        hostStarted,
        queued('p-1', { kind: 'task' }),
        worktreeReady,
        setUp,
        handed('p-1'),
        ended('p-1', { lastMessage: 'All done.' }),
        {
          type: 'verification-finished',
          planId: null,
          receipt: receipt({ changedJudges: ['package.json'] }),
          decision: null,
        },
        { type: 'milestone', text: 'tests pass' },
        {
          type: 'step-finished',
          planId: 'x',
          step: 'pull-request',
          outcome: {
            type: 'pull-request',
            url: 'https://x/5',
            number: 5,
            created: true,
            conflicts: { other: ['a.ts'] },
          },
        },
      ],
      record,
    );
    const paths = { dir: '/s', journal: '/s/journal.ndjson', transcript: '/s/transcript.ndjson' };
    const document = sessionDetailsJson({ ...facts, damaged: [{ offset: 7, bytes: 30 }], paths }, NOW);
    const text = detailLines(document).map(textOf);
    assert.equal(
      text.join('\n'),
      `issue-78  running  starts the agent
  task        Pagination is off by one
              fix issue #78
              please\\u{1b}[2J
  session     s-01jd0000000000000000000000  in /repo
  agent       rehearsal 1.0.0 over acp
  permissions approve-all (the task is your own words)
  worktree    /worktrees/demo/issue-78
  branch      fix/issue-78 from main (bbbbbbbbbb)
  tests       npm test (detected)
  time        3 min 05 s since 2026-01-01T00:00:00.000Z
  work        1 turn, host alive
  after       other
  tags        ui
  checklist   1 item
              no new deps
  verified    passed: 12 passed, 0 failed, 1 skipped (npm test, 3.2 s, commit cccccccccc)
              changes what judges it: package.json
  pr          https://x/5
              also touched by other: a.ts
  milestone   2023-11-14T22:13:20.007Z  tests pass
  last words  All done.
  damaged     30 bytes at offset 7 of /s/journal.ndjson
  next        the agent's callback is read`,
    );
  });
});
