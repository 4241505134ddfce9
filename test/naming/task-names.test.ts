import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameForTask, uniqueName } from '../../src/naming/task-names.ts';
import { nameProblem } from '../../src/session/names.ts';

test('tasks are named for what they are about', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['Add pagination', 'add-pagination'],
    ['Please add pagination to the users API!', 'add-pagination-users-api'],
    ['Implement feature X for project Y', 'x-y'],
    ['Investigate this performance issue', 'investigate-perf'],
    ['refactor the authentication module', 'refactor-auth-module'],
    ['Crème brûlée: größer, Ørsted', 'creme-brulee-grosser-orsted'],
    ["don't crash on empty input", 'dont-crash-empty-input'],
    ['add add add search', 'add-search'],
    ['do it', 'do-it'],
    ['read https://example.org/very/long and fix the parser', 'read-fix-parser'],
    ['supercalifragilisticexpialidocious parser', 'parser'],
    ['a1b2 internationalization localization standardization', 'a1b2-internationalization'],
  ];
  for (const [words, name] of cases) assert.equal(nameForTask({ words }), name, words);
});

test('an issue is named for its number', () => {
  assert.equal(nameForTask({ issueNumber: 78, words: 'fix issue #78' }), 'issue-78');
});

test('words without a name in them get a short hash, always the same', () => {
  for (const words of ['修复分页', '12 34', '', '!!!', '7']) {
    const name = nameForTask({ words });
    assert.match(name, words === '12 34' ? /^12-34$/ : /^task-[a-z0-9]{6}$/, words);
    assert.equal(nameForTask({ words }), name);
  }
  assert.notEqual(nameForTask({ words: '修复分页' }), nameForTask({ words: '修复登录' }));
});

test('any words give a valid name', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.lorem(), fc.stringMatching(/^[a-zA-Z0-9 #$();-]{0,80}$/)),
      (words) => {
        const name = nameForTask({ words });
        assert.equal(nameProblem(name), undefined, name);
        assert.ok(name.length <= 36 && !name.endsWith('-'));
      },
    ),
  );
});

test('a name that is taken gets a number, and is still valid', () => {
  assert.equal(uniqueName('issue-78', new Set()), 'issue-78');
  assert.equal(uniqueName('issue-78', new Set(['issue-78', 'issue-78-2'])), 'issue-78-3');
  const long = 'x'.repeat(40);
  assert.equal(uniqueName(long, new Set([long])), `${'x'.repeat(38)}-2`);
  const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/);
  fc.assert(
    fc.property(names, fc.array(names), (base, others) => {
      const taken = new Set([base, ...others]);
      const name = uniqueName(base, taken);
      assert.ok(!taken.has(name) && nameProblem(name) === undefined);
    }),
  );
});
