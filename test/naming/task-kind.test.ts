import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { branchForTask, kindForTask, titlePrefix } from '../../src/naming/task-kind.ts';
import { branchNameProblem } from '../../src/git/branch-name.ts';
import { nameForTask } from '../../src/naming/task-names.ts';
import { taskKinds, type TaskKind } from '../../src/session/words.ts';

test('words alone tell what kind of task it is', () => {
  const cases: readonly (readonly [string, TaskKind])[] = [
    ['fix issue #78', 'fix'],
    ['Fix the login crash', 'fix'],
    ['Pagination is broken on the last page', 'fix'],
    ['The parser fails on empty input', 'fix'],
    ["Sorting doesn't work", 'fix'],
    ['Add pagination', 'feat'],
    ['Implement feature X for project Y', 'feat'],
    ['Investigate this performance issue', 'chore'],
    ['why do the tests fail on Mondays?', 'chore'],
    ['Please analyse the memory use', 'chore'],
    ['profile the startup', 'chore'],
    ['Explain how the cache works', 'chore'],
    ['Add a profile page', 'feat'],
    ['Fix typos in the README', 'docs'],
    ['update the documentation of the API', 'docs'],
    ['Document the config file', 'docs'],
    ['Refactor the auth module', 'refactor'],
    ['Rename Foo to Bar', 'refactor'],
    ['Add tests for the parser', 'test'],
    ['increase test coverage', 'test'],
    ['', 'feat'],
  ];
  for (const [words, kind] of cases) assert.equal(kindForTask({ title: words, labels: [], words }), kind, words);
});

test('labels and title prefixes are stronger than words, an investigation is stronger than labels', () => {
  const words = 'fix issue #78';
  const cases: readonly (readonly [string, readonly string[], string, TaskKind])[] = [
    ['Pagination', ['bug'], 'issue 78', 'fix'],
    ['Pagination', ['Type: Bug', 'p1'], 'issue 78', 'fix'],
    ['Pagination', ['kind/feature'], 'issue 78', 'feat'],
    ['Crash in the docs build', ['documentation'], words, 'docs'],
    ['feat(api): fix pagination links', ['bug'], words, 'feat'],
    ['Pagination', ['bug'], 'investigate issue #78', 'chore'],
    ['Pagination', ['tech debt'], words, 'refactor'],
    ['Pagination', ['good first issue'], words, 'fix'],
    ['constructor: is not a prefix', [], 'x', 'feat'],
  ];
  for (const [title, labels, typed, kind] of cases)
    assert.equal(kindForTask({ title, labels, words: typed }), kind, title);
});

test('the branch and the title carry the kind', () => {
  assert.equal(branchForTask('fix', 'issue-78'), 'fix/issue-78');
  assert.equal(titlePrefix('fix'), 'fix: ');
});

test('any task has a branch name that git takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...taskKinds), (words, kind) => {
      assert.equal(branchNameProblem(branchForTask(kind, nameForTask({ words }))), undefined);
    }),
  );
});
