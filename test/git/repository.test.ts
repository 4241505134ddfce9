import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyOf, openRepository, requireCommits } from '../../src/git/repository.ts';
import { commitFile, makeProject, open, scratch } from './scratch.ts';

test('a repository is found from its root, from a folder in it and from a linked worktree', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'worktree', 'add', '-q', join(s.dir, 'elsewhere'), '-b', 'side');
  const fromRoot = await open(s, root);
  assert.equal(fromRoot.root, root);
  assert.equal(fromRoot.commonDir, join(root, '.git'));
  assert.equal(fromRoot.slug, 'project');
  assert.match(fromRoot.key, /^project-[0-9a-f]{8}$/);
  assert.equal(fromRoot.hasCommits, true);
  for (const cwd of [join(root, 'src'), join(s.dir, 'elsewhere')]) {
    const found = await open(s, cwd);
    assert.deepEqual([found.root, found.key, found.slug], [fromRoot.root, fromRoot.key, fromRoot.slug]);
  }
});

test('the commit that is checked out in the main checkout comes along, and whether it has a file', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const head = commitFile(s, root, 'folder/there', 'x', 'Add a file');
  writeFileSync(join(root, 'only-here'), 'x');
  const look = (cwd: string, file: string): Promise<unknown[]> =>
    openRepository(cwd, s.env, file).then((repo) => [repo.head, repo.headHas]);
  assert.deepEqual(await look(root, 'folder/there'), [head, true]);
  assert.deepEqual(await look(join(root, 'folder'), 'folder/there'), [head, true]);
  assert.deepEqual(await look(root, 'only-here'), [head, false]);
  assert.equal((await open(s, root)).headHas, null);

  // A linked worktree has a commit of its own, and what stands there says nothing of the main checkout.
  const side = join(s.dir, 'side');
  s.git(root, 'worktree', 'add', '-q', side, '-b', 'side');
  commitFile(s, side, 'elsewhere', 'x', 'Add another');
  assert.deepEqual(await look(side, 'elsewhere'), [head, null]);

  s.git(s.dir, 'init', '-q', 'empty');
  const empty = join(s.dir, 'empty');
  // Files of the names that are asked for are no commits.
  for (const name of ['HEAD', 'HEAD^{commit}']) writeFileSync(join(empty, name), '');
  assert.deepEqual(await look(empty, 'x'), [null, null]);
});

test('two checkouts of the same name have different keys', () => {
  assert.notEqual(keyOf('app', '/a/app/.git'), keyOf('app', '/b/app/.git'));
  assert.equal(keyOf('app', '/a/app/.git'), keyOf('app', '/a/app/.git'));
});

test('a name with odd characters becomes a slug that is safe in a path', async (t) => {
  const s = scratch(t);
  const found = await open(s, makeProject(s, '.odd näme; $(x)'));
  assert.match(found.slug, /^[A-Za-z0-9._-]+$/);
  assert.equal(found.slug.startsWith('.'), false);
});

test('a directory that is in no repository, or is missing, is refused with a way on', async (t) => {
  const s = scratch(t);
  for (const cwd of [s.dir, join(s.dir, 'missing')]) {
    await assert.rejects(open(s, cwd), { code: 'not-a-repository', exitCode: 2, remedy: /git init/ });
  }
});

test('bare repositories and the inside of .git are refused by name', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(s.dir, 'init', '-q', '--bare', 'bare.git');
  await assert.rejects(open(s, join(s.dir, 'bare.git')), { code: 'bare-repository', exitCode: 2 });
  await assert.rejects(open(s, join(root, '.git')), { code: 'bare-repository' });
});

test('a worktree of a bare repository stands in for its main checkout', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(s.dir, 'clone', '-q', '--bare', root, 'store.git');
  for (const name of ['one', 'two'])
    s.git(join(s.dir, 'store.git'), 'worktree', 'add', '-q', join(s.dir, name), '-b', name);
  const [one, two] = [await open(s, join(s.dir, 'one')), await open(s, join(s.dir, 'two'))];
  assert.equal(one.root, join(s.dir, 'one'));
  assert.equal(one.slug, 'store');
  assert.equal(one.key, two.key);
});

test('a submodule is a repository of its own, also seen from a linked worktree of it', async (t) => {
  const s = scratch(t);
  const inner = makeProject(s, 'inner');
  const outer = makeProject(s, 'outer');
  s.git(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'vendor/inner');
  const sub = join(outer, 'vendor', 'inner');
  assert.equal((await open(s, sub)).root, sub);
  s.git(sub, 'worktree', 'add', '-q', join(s.dir, 'linked'), '-b', 'side');
  assert.equal((await open(s, join(s.dir, 'linked'))).root, sub);
});

test('a repository without a commit is found, and refused where commits are needed', async (t) => {
  const s = scratch(t);
  s.git(s.dir, 'init', '-q', 'empty');
  const found = await open(s, join(s.dir, 'empty'));
  assert.equal(found.hasCommits, false);
  assert.throws(() => requireCommits(found), { code: 'no-commits', exitCode: 2, remedy: /git commit/ });
});

test('an unborn branch beside others is still a repository with commits', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'checkout', '-q', '--orphan', 'fresh');
  assert.equal((await open(s, root)).hasCommits, true);
});

test('a missing git is said plainly', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  mkdirSync(join(s.dir, 'nobin'));
  s.env['PATH'] = join(s.dir, 'nobin');
  await assert.rejects(open(s, root), { code: 'git-missing', exitCode: 5, remedy: /Install git/ });
});

test('a variable of the caller that aims git elsewhere is not followed', async (t) => {
  const s = scratch(t);
  const [root, other] = [makeProject(s), makeProject(s, 'other')];
  commitFile(s, other, 'x', 'x', 'x');
  const { gitEnvironment } = await import('../../src/git/git-environment.ts');
  const env = gitEnvironment({
    ...s.env,
    GIT_DIR: join(other, '.git'),
    GIT_WORK_TREE: other,
    CONDUXT_SESSION: 's-1',
    GIT_CONFIG_COUNT: '1',
  });
  assert.deepEqual(
    Object.keys(env).filter((name) => !Object.hasOwn(s.env, name)),
    [],
  );
  assert.equal((await openRepository(root, env)).root, root);
});
