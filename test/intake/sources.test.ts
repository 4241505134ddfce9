import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTaskWords } from '../../src/intake/sources.ts';

test('an issue is recognised however it is asked for', () => {
  for (const words of [
    '#78',
    '78',
    'issue 78',
    'Issue #78',
    'fix issue #78',
    'Fix #78',
    'fix #78.',
    'Please fix the issue #78!',
    'can you look into issue 78?',
    'implement GH-78',
    'work on ticket 78',
    'close bug #78',
    '  investigate #78  ',
    'issue no. 78',
  ]) {
    assert.deepEqual(parseTaskWords(words), { type: 'issue', number: 78, extra: '' }, words);
  }
});

test('what the user adds to an issue is kept beside it', () => {
  const cases = [
    ['fix issue #78, but keep the API', 'but keep the API'],
    ['fix #78 and add a test', 'and add a test'],
    ['#78: only the parser', 'only the parser'],
    ['Fix #78. Keep it small.', 'Keep it small.'],
    ['issue 78 - the second half', 'the second half'],
    ['#78 (without the docs)', 'without the docs)'],
  ] as const;
  for (const [words, extra] of cases)
    assert.deepEqual(parseTaskWords(words), { type: 'issue', number: 78, extra }, words);
});

test('text that only mentions an issue stays text', () => {
  for (const words of [
    'like in #78, add a cache',
    'add pagination as described in #78',
    'fix #78 and #79',
    'issues 78 and 79 share a cause; write it down',
    'Issue 2024 budget report',
    'fix 3 bugs',
    'fix bug 500 error page',
    '#78abc',
    'colour #787878-ish',
    'make the header 78 pixels high',
    '#1234567890',
    '',
    'fix',
    'see https://example.org/x for the details',
    'https://example.org/a https://example.org/b',
  ]) {
    assert.deepEqual(parseTaskWords(words), { type: 'text' }, words);
  }
});

test('addresses are told apart: an issue, a pull request, any page', () => {
  const issue = { type: 'issue-url', host: 'github.com', owner: 'o', name: 'r', number: 78, extra: '' };
  const url = 'https://github.com/o/r/issues/78';
  assert.deepEqual(parseTaskWords(url), { ...issue, url });
  assert.deepEqual(parseTaskWords(`Fix ${url}.`), { ...issue, url });
  assert.deepEqual(parseTaskWords(`<${url}#issuecomment-5>`), { ...issue, url: `${url}#issuecomment-5` });
  assert.deepEqual(parseTaskWords(`fix ${url}, but keep the API`), { ...issue, url, extra: 'but keep the API' });
  const pull = parseTaskWords('https://github.com/o/r/pull/5/files');
  assert.deepEqual([pull.type, pull.type === 'pull-url' && pull.number], ['pull-url', 5]);
  for (const page of [
    'https://example.org/spec.md',
    'https://github.com/o/r/wiki/Spec',
    'https://github.com/o/r/issues',
    'https://github.com.evil.test/o/r/issues/78',
    'https://gitea.test/o/r/issues/78',
  ]) {
    assert.deepEqual(parseTaskWords(`implement ${page}`), { type: 'url', url: page });
  }
  assert.equal(parseTaskWords('https://git.corp.test/o/r/issues/78', ['git.corp.test']).type, 'issue-url');
});

test('any words are parsed, quickly, and never to an impossible number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[#0-9a-z :/.,-]{0,200}$/)), (words) => {
      const parsed = parseTaskWords(words);
      if (parsed.type === 'issue') assert.ok(Number.isSafeInteger(parsed.number) && parsed.number >= 0);
    }),
  );
  const started = performance.now();
  parseTaskWords(`please ${'the '.repeat(50_000)}x`);
  parseTaskWords('please '.repeat(50_000));
  assert.ok(performance.now() - started < 1000);
});
