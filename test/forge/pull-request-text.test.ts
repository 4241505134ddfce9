import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeSpan, inertMarkdown } from '../../src/forge/inert-markdown.ts';
import { replaceOwnPart } from '../../src/forge/own-part.ts';
import { pullRequestBody, pullRequestTitle, type PullRequestFacts } from '../../src/forge/pull-request-text.ts';
import { sanitize } from '../../src/text/sanitize.ts';
import type { Receipt } from '../../src/session/receipt.ts';

const RECEIPT: Receipt = {
  commit: 'a'.repeat(40),
  command: 'npm test',
  exitCode: 0,
  signal: null,
  counts: { passed: 12, failed: 0, skipped: 1 },
  durationMs: 4200,
  logSha256: 'b'.repeat(64),
  logFile: '/state/verify.log',
  verdict: { type: 'green' },
  changedJudges: [],
  at: '2026-11-21T10:00:00.000Z',
};

const FACTS: PullRequestFacts = {
  task: 'issue-78',
  summary: 'The last page now holds the rest.',
  source: { type: 'issue', forge: 'github', number: 78, url: 'https://github.com/o/r/issues/78' },
  receipt: RECEIPT,
  files: [
    { path: 'src/page.js', change: 'modified', from: null },
    { path: 'lib/b.js', change: 'renamed', from: 'lib/a.js' },
  ],
  conflicts: {},
  agent: 'claude',
  agentVersion: '1.2.3',
  backend: 'acp',
  version: '0.1.0',
  redact: (text) => text,
};

test('titles carry the kind, once, and close nothing', () => {
  const cases = [
    ['fix', 'The last page is empty', 'fix: The last page is empty'],
    ['fix', 'feat(api): add pages', 'feat(api): add pages'],
    ['feat', 'Two\nlines\u001b[31m', 'feat: Two lines\\u{1b}[31m'],
    ['fix', 'Crash, fixes #12 and o/r#13', 'fix: Crash, fixes issue 12 and issue 13'],
    ['chore', '', 'chore: untitled task'],
  ] as const;
  for (const [kind, title, expected] of cases) assert.equal(pullRequestTitle(kind, title), expected);
  assert.ok(pullRequestTitle('fix', 'x'.repeat(500)).length <= 130);
});

test('the body tells what was done, how it was verified, what changed and how it was made', () => {
  const body = pullRequestBody(FACTS);
  for (const part of [
    '> The last page now holds the rest.',
    '\nFixes #78\n',
    '| Result | passed: 12 passed, 0 failed, 1 skipped |',
    '| Command | `npm test` |',
    `| Commit | \`${'a'.repeat(40)}\` |`,
    '| Exit code | 0 |',
    '| Duration | 4.2 s |',
    `| SHA-256 of the log | \`${'b'.repeat(64)}\` |`,
    '- `src/page.js` modified',
    '- `lib/b.js` renamed (from `lib/a.js`)',
    'Written by `claude` (`1.2.3`) over the Agent Client Protocol',
    'as task `issue-78` of conduxt `0.1.0`',
  ]) {
    assert.ok(body.includes(part), `${part}\n---\n${body}`);
  }
  assert.ok(!body.includes('Changed judges') && !body.includes('Also touched'));
});

test('changed judges, other tasks and a missing verification are said', () => {
  const judged = { ...FACTS, receipt: { ...RECEIPT, changedJudges: ['test/page.test.js', 'package.json'] } };
  assert.match(pullRequestBody(judged), /## Changed judges[^]*- `test\/page\.test\.js`\n- `package\.json`/);
  const crossed = { ...FACTS, conflicts: { 'issue-79': ['src/page.js'], 'issue-80': [] } };
  assert.match(pullRequestBody(crossed), /## Also touched by other running tasks\n\n- `issue-79`: `src\/page\.js`\n/);
  assert.match(pullRequestBody({ ...FACTS, receipt: null }), /\*\*Not verified:\*\*/);
  assert.match(
    pullRequestBody({ ...FACTS, source: { type: 'text' }, summary: ' ' }),
    /no summary\.\n\n## Verification/,
  );
});

/** What GitHub acts on, in any reading of what is code and what is not. */
const LIVE = [/@[A-Za-z0-9]/, /#\d/, /GH-\d/i, /<[A-Za-z/!?]/, /!\[/, /&#?\w+;/, /(https?:\/\/|www\.)\S*\/issues\/\d/i];
const apart = (text: string): string => text.replaceAll('\u2060', '');

test('words of an agent notify nobody, close nothing and load nothing, wherever they stand', () => {
  const cases = [
    'thanks @octocat and @org/team, x_@foo',
    'closes #12, fixes o/r#3, GH-9, _#5',
    'see https://github.com/o/r/issues/5 and www.github.com/o/r/issues/5 now',
    '![x](http://evil.test/pixel) <img src=x><!-- hidden',
    '&#64;octocat fixes &#35;5 &num;5',
    '\\`Fixes #12 and @octocat <img src=x>\\`',
    '| a | b |\n|---|---|\n| ` | Fixes #12 @octocat ` |',
    '\\@octocat \\#5',
    '1. a\n   ```\n   x\n```\nplain\n```\n@octocat fixes #5\n```\n```',
  ];
  for (const text of cases) {
    const inert = inertMarkdown(text);
    for (const live of LIVE) assert.doesNotMatch(inert, live, text);
    assert.equal(apart(inert), text, 'nothing is added that can be seen');
  }
  assert.equal(inertMarkdown('\u202Eevil\u001b]0;x\u0007'), '\\u{202e}evil\\u{1b}]0;x\\u{7}');
  assert.equal(inertMarkdown('**Bold** `code()` # no https://a.test/b'), '**Bold** `code()` # no https://a.test/b');
  assert.equal(pullRequestTitle('fix', 'Crash, fixes gh-12'), 'fix: Crash, fixes issue 12');
});

test('no text whatever becomes live', () => {
  const word = fc.constantFrom(
    ...[
      '`',
      '``',
      '```',
      '~~~',
      '\\',
      '|',
      '\n',
      ' ',
      '    ',
      '> ',
      '- ',
      '@',
      'octocat',
      '#',
      '5',
      'GH-',
      '<',
      'img>',
      '!',
      '[',
    ],
    ...['&', '#64;', 'num;', 'https://', 'www.', 'github.com/o/r', '/issues/', '\u2060', '*'],
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const text = words.join('');
      const inert = inertMarkdown(text);
      for (const live of LIVE) assert.doesNotMatch(inert, live);
      assert.equal(apart(inert), sanitize(text));
    }),
    // An address that follows a word at once.
    { numRuns: 2000, examples: [[['octocat', 'https://', '/issues/', '5']]] },
  );
});

test('words of an agent cannot pass for a section', () => {
  const body = pullRequestBody({ ...FACTS, summary: 'x\n\n## Verification\n\npassed\n```\nhide the rest' });
  assert.equal(body.split('\n').filter((line) => line === '## Verification').length, 1);
});

test('a name with backticks, bars or line ends stays inside its code span', () => {
  assert.equal(codeSpan('a`b``c'), '```a`b``c```');
  assert.equal(codeSpan('`x'), '`` `x ``');
  assert.equal(codeSpan('a\nb'), '`a b`');
  assert.match(pullRequestBody({ ...FACTS, receipt: { ...RECEIPT, command: 'a | b' } }), /`a \\\| b`/);
});

test('whatever the body holds, it is recognised as ours again, and an edit in it is noticed', () => {
  const words = fc.constantFrom(
    '<!-- conduxt:end 0123456789ab -->',
    '`<!-- conduxt:begin 0123456789ab -->`',
    '\n',
    'x',
  );
  fc.assert(
    fc.property(fc.array(words), fc.string(), fc.string(), (summary, before, after) => {
      const ours = pullRequestBody({ ...FACTS, summary: summary.join(' ') });
      const next = pullRequestBody({ ...FACTS, summary: 'next' });
      assert.equal(replaceOwnPart(before + ours + after, next), before + next + after);
      assert.equal(replaceOwnPart(before + ours.replace('## Summary', '## My summary') + after, next), null);
    }),
    { numRuns: 50 },
  );
});

test('secrets are taken out of the whole body', () => {
  const redact = (text: string): string => text.replaceAll('hunter2', '[redacted]');
  const body = pullRequestBody({
    ...FACTS,
    summary: 'password hunter2',
    receipt: { ...RECEIPT, command: 'X=hunter2 npm test' },
    redact,
  });
  assert.ok(!body.includes('hunter2'));
});

test('a body is never longer than GitHub takes, and never broken inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 0, max: 400 }), (word, times) => {
      const files = Array.from({ length: times }, () => ({ path: word, change: 'modified', from: word }) as const);
      const body = pullRequestBody({
        ...FACTS,
        summary: `é${word}`.repeat(times),
        files,
        conflicts: { [word]: [word] },
      });
      assert.ok(Buffer.byteLength(body) <= 60_000);
      assert.ok(!/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(body));
    }),
    { numRuns: 60 },
  );
});
