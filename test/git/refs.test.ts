import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { branchNameProblem, checkBranchName } from '../../src/git/branch-name.ts';
import { branchExists, defaultBase, resolveBase } from '../../src/git/refs.ts';
import { parseRemotes, remotes } from '../../src/git/remotes.ts';
import { commitFile, makeProject, makeProjectWithRemote, open, scratch } from './scratch.ts';

test('the base is main, then master, then the remote default, then what is checked out', async (t) => {
  const s = scratch(t);
  const { root, bare } = makeProjectWithRemote(s);
  assert.equal(await defaultBase(await open(s, root)), 'main');
  s.git(root, 'branch', '-m', 'main', 'master');
  s.git(root, 'update-ref', '-d', 'refs/remotes/origin/main');
  assert.equal(await defaultBase(await open(s, root)), 'master');
  s.git(bare, 'branch', '-m', 'main', 'develop');
  s.git(root, 'branch', '-m', 'master', 'mine');
  s.git(root, 'fetch', '-q', 'origin');
  s.git(root, 'remote', 'set-head', 'origin', 'develop');
  assert.equal(await defaultBase(await open(s, root)), 'develop');
  s.git(root, 'remote', 'remove', 'origin');
  assert.equal(await defaultBase(await open(s, root)), 'mine');
});

test('a repository without a commit has no base', async (t) => {
  const s = scratch(t);
  s.git(s.dir, 'init', '-q', 'empty');
  await assert.rejects(defaultBase(await open(s, `${s.dir}/empty`)), { code: 'no-commits' });
});

test('the base commit is the local branch, else the remote one, and says how far it is behind', async (t) => {
  const s = scratch(t);
  const { root } = makeProjectWithRemote(s);
  const first = s.git(root, 'rev-parse', 'HEAD');
  const second = commitFile(s, root, 'b', 'b', 'Second');
  s.git(root, 'push', '-q', 'origin', 'main', 'main:only-there');
  s.git(root, 'reset', '-q', '--hard', first);
  const repo = await open(s, root);
  assert.deepEqual(await resolveBase(repo, 'main'), {
    branch: 'main',
    ref: 'refs/heads/main',
    commit: first,
    behind: 1,
  });
  const remote = { branch: 'only-there', ref: 'refs/remotes/origin/only-there', commit: second, behind: 0 };
  assert.deepEqual(await resolveBase(repo, 'only-there'), remote);
  assert.deepEqual(await resolveBase(repo, 'origin/only-there'), remote);
});

test('a base that does not exist is refused with the branches there are', async (t) => {
  const s = scratch(t);
  const { root } = makeProjectWithRemote(s);
  s.git(root, 'branch', 'release');
  const repo = await open(s, root);
  for (const name of ['mian', '--upload-pack=x', '', 'refs/heads/../x']) {
    await assert.rejects(
      resolveBase(repo, name),
      (error: Error & { code?: string; exitCode?: number; remedy?: string }) => {
        assert.deepEqual([error.code, error.exitCode], ['base-not-found', 4]);
        assert.match(error.remedy ?? '', /main, release|release, main/);
        assert.match(error.remedy ?? '', /origin\/main/);
        return true;
      },
    );
  }
});

test('branch names are checked by our own rule and then by git', async (t) => {
  const s = scratch(t);
  const repo = await open(s, makeProject(s));
  for (const name of ['fix/issue-78', 'feat/a.b_c', 'x', '0'])
    assert.equal(await checkBranchName(repo.git, name), name);
  const bad = [
    '',
    '-x',
    'a b',
    'a;b$(id)',
    'a..b',
    'a/',
    '/a',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a.',
    'HEAD',
    'refs/heads/x',
    'a@{1}',
    'ä',
    'a\nb',
    'x'.repeat(201),
  ];
  for (const name of bad) {
    await assert.rejects(
      checkBranchName(repo.git, name),
      { code: 'invalid-branch', exitCode: 2 },
      JSON.stringify(name),
    );
  }
  assert.equal(await branchExists(repo.git, 'main'), true);
  assert.equal(await branchExists(repo.git, 'mian'), false);
});

test('a name we accept is one that git accepts', async (t) => {
  const s = scratch(t);
  const repo = await open(s, makeProject(s));
  const part = fc.stringMatching(/^[A-Za-z0-9._/@{}~^: $;-]{1,12}$/);
  await fc.assert(
    fc.asyncProperty(part, async (name) => {
      if (branchNameProblem(name) !== undefined) return;
      assert.equal(await checkBranchName(repo.git, name), name);
    }),
    { numRuns: 150 },
  );
});

test('remotes are listed with origin first and without credentials', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'remote', 'add', 'backup', 'https://me:secret@example.org/r.git');
  s.git(root, 'remote', 'add', 'origin', 'git@github.com:o/r.git');
  assert.deepEqual(await remotes((await open(s, root)).git), [
    { name: 'origin', url: 'git@github.com:o/r.git', pushUrl: 'git@github.com:o/r.git' },
    { name: 'backup', url: 'https://example.org/r.git', pushUrl: 'https://example.org/r.git' },
  ]);
  assert.deepEqual(parseRemotes('o\t/a b (fetch) [blob:none]\no\t/c (push)\nnonsense\n'), [
    { name: 'o', url: '/a b', pushUrl: '/c' },
  ]);
});
