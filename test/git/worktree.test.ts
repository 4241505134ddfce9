import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addWorktree, checkWorktreeFree, worktreeOfBranch } from '../../src/git/worktree.ts';
import { listWorktrees, parseWorktrees } from '../../src/git/worktree-list.ts';
import { addScratchWorktree } from '../../src/git/scratch-worktree.ts';
import { removeWorktree } from '../../src/git/remove.ts';
import { worktreeStatus } from '../../src/git/status.ts';
import { worktreePath } from '../../src/git/worktree-path.ts';
import { commitFile, makeProject, open, scratch, type Scratch } from './scratch.ts';

const planIn = async (s: Scratch, root: string, branch = 'fix/issue-78', adopt = false) => ({
  repo: await open(s, root),
  path: join(s.dir, 'worktrees', 'project', 'issue-78'),
  branch,
  baseCommit: s.git(root, 'rev-parse', 'main'),
  adopt,
});

test('a worktree is made on a new branch from the base commit, and found made the second time', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  commitFile(s, root, 'later.txt', 'later', 'Later');
  await checkWorktreeFree(plan);
  const made = await addWorktree(plan);
  assert.deepEqual(made, { path: plan.path, branch: 'fix/issue-78', head: plan.baseCommit, created: true });
  assert.equal(existsSync(join(plan.path, 'later.txt')), false);
  assert.equal(readFileSync(join(plan.path, 'README.md'), 'utf8'), '# Project\n');
  assert.equal((await addWorktree(plan)).created, false);
  assert.equal((await worktreeOfBranch(plan.repo, 'fix/issue-78'))?.path, plan.path);
});

test('a worktree with work in it is found as it is, nothing is reset', async (t) => {
  const s = scratch(t);
  const plan = await planIn(s, makeProject(s));
  await addWorktree(plan);
  const head = commitFile(s, plan.path, 'done.txt', 'done', 'Work');
  writeFileSync(join(plan.path, 'draft.txt'), 'draft');
  const found = await addWorktree(plan);
  assert.deepEqual([found.head, found.created], [head, false]);
  assert.equal(readFileSync(join(plan.path, 'draft.txt'), 'utf8'), 'draft');
});

test('a branch that exists elsewhere than at the base is refused, and adopted when asked', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  s.git(root, 'checkout', '-q', '-b', 'fix/issue-78');
  const work = commitFile(s, root, 'work.txt', 'work', 'Work of a person');
  s.git(root, 'checkout', '-q', 'main');
  for (const act of [checkWorktreeFree, addWorktree]) {
    await assert.rejects(act(plan), { code: 'branch-exists', exitCode: 6, remedy: /--adopt/ });
  }
  assert.equal(existsSync(plan.path), false);
  await checkWorktreeFree({ ...plan, adopt: true });
  assert.equal((await addWorktree({ ...plan, adopt: true })).head, work);
  assert.equal(s.git(root, 'rev-parse', 'fix/issue-78'), work);
});

test('a branch at the base commit is a person’s before the task is recorded, and our own attempt after it', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  s.git(root, 'branch', plan.branch, plan.baseCommit);
  await assert.rejects(checkWorktreeFree(plan), { code: 'branch-exists', exitCode: 6, remedy: /--adopt/ });
  await checkWorktreeFree({ ...plan, adopt: true });
  assert.equal((await addWorktree(plan)).created, true);
});

test('a branch that is checked out elsewhere is refused, naming the place', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root, 'main', true);
  await assert.rejects(addWorktree(plan), { code: 'branch-checked-out', facts: { branch: 'main', path: root } });
});

test('an existing worktree is refused, adopted when clean, refused when it has changes', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  s.git(root, 'worktree', 'add', '-q', plan.path, '-b', plan.branch);
  await assert.rejects(checkWorktreeFree(plan), { code: 'worktree-exists', exitCode: 6 });
  await checkWorktreeFree({ ...plan, adopt: true });
  assert.equal((await addWorktree({ ...plan, adopt: true })).created, false);
  writeFileSync(join(plan.path, 'mine.txt'), 'mine');
  await assert.rejects(addWorktree({ ...plan, adopt: true }), {
    code: 'worktree-dirty',
    facts: { path: plan.path, files: ['mine.txt'] },
  });
  await assert.rejects(addWorktree({ ...plan, branch: 'fix/other' }), { code: 'worktree-exists' });
});

test('a directory, file or link of somebody else in the place is refused and left alone', async (t) => {
  const s = scratch(t);
  const plan = await planIn(s, makeProject(s));
  mkdirSync(plan.path, { recursive: true });
  writeFileSync(join(plan.path, 'mine.txt'), 'mine');
  for (const act of [checkWorktreeFree, addWorktree]) {
    await assert.rejects(act(plan), { code: 'worktree-occupied', exitCode: 6 });
  }
  assert.equal(readFileSync(join(plan.path, 'mine.txt'), 'utf8'), 'mine');
  rmSync(plan.path, { recursive: true });
  symlinkSync(s.dir, plan.path);
  await assert.rejects(addWorktree(plan), { code: 'worktree-occupied', message: /symbolic link/ });
  rmSync(plan.path);
  mkdirSync(plan.path);
  assert.equal((await addWorktree(plan)).created, true);
});

test('a half-made worktree that holds a strange file is not cleared away', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  s.git(root, 'worktree', 'add', '-q', '--lock', plan.path, '-b', plan.branch);
  writeFileSync(join(root, '.git', 'worktrees', 'issue-78', 'locked'), 'initializing');
  writeFileSync(join(plan.path, 'thesis.txt'), 'years of work');
  await assert.rejects(addWorktree(plan), {
    code: 'worktree-occupied',
    facts: { path: plan.path, files: ['thesis.txt'] },
  });
  assert.equal(readFileSync(join(plan.path, 'thesis.txt'), 'utf8'), 'years of work');
});

test('work in a worktree whose entry was damaged is not taken for half-made', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  await addWorktree(plan);
  writeFileSync(join(plan.path, 'README.md'), 'work of an hour');
  writeFileSync(join(root, '.git', 'worktrees', 'issue-78', 'HEAD'), '');
  const removal = {
    repo: plan.repo,
    worktree: plan.path,
    branch: plan.branch,
    baseCommit: plan.baseCommit,
    force: null,
  };
  for (const act of [() => addWorktree(plan), () => removeWorktree(removal)]) {
    await assert.rejects(act(), { code: 'worktree-occupied', facts: { path: plan.path, files: ['README.md'] } });
  }
  assert.equal(readFileSync(join(plan.path, 'README.md'), 'utf8'), 'work of an hour');
});

test('locks and entries that a killed git left behind do not stand in the way', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  const lock = join(root, '.git', 'refs', 'heads', 'fix', 'issue-78.lock');
  const orphan = join(root, '.git', 'worktrees', 'issue-78');
  mkdirSync(join(root, '.git', 'refs', 'heads', 'fix'), { recursive: true });
  mkdirSync(orphan, { recursive: true });
  writeFileSync(lock, '');
  writeFileSync(join(orphan, 'locked'), 'initializing');
  const longAgo = new Date(Date.now() - 3600_000);
  utimesSync(lock, longAgo, longAgo);
  utimesSync(orphan, longAgo, longAgo);
  assert.equal((await addWorktree(plan)).created, true);
  assert.deepEqual(
    (await listWorktrees(plan.repo.git)).map((entry) => entry.path),
    [root, plan.path],
  );
});

test('files without an entry are cleared when they are the commit, and kept when anything in them is not', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const plan = await planIn(s, root);
  await addWorktree(plan);
  const entry = join(root, '.git', 'worktrees', 'issue-78');
  rmSync(entry, { recursive: true });
  rmSync(join(plan.path, 'src'), { recursive: true });
  writeFileSync(join(plan.path, 'README.md'), '# Pro');
  assert.equal((await addWorktree(plan)).created, true);
  assert.equal(readFileSync(join(plan.path, 'README.md'), 'utf8'), '# Project\n');
  for (const [file, content] of [
    ['README.md', '# Project\nand my notes'],
    ['mine.txt', 'mine'],
  ] as const) {
    rmSync(entry, { recursive: true, force: true });
    writeFileSync(join(plan.path, file), content);
    await assert.rejects(addWorktree(plan), { code: 'worktree-occupied' });
    assert.equal(readFileSync(join(plan.path, file), 'utf8'), content);
  }
});

test('a worktree whose directory somebody deleted is made again on its branch', async (t) => {
  const s = scratch(t);
  const plan = await planIn(s, makeProject(s));
  await addWorktree(plan);
  rmSync(plan.path, { recursive: true });
  assert.equal((await addWorktree(plan)).created, true);
  assert.equal((await worktreeStatus(plan.path, s.env)).branch, plan.branch);
});

test('a branch that git cannot keep beside another is refused in words', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'branch', 'fix');
  await assert.rejects(addWorktree(await planIn(s, root)), {
    code: 'branch-conflict',
    facts: { branch: 'fix/issue-78', conflict: 'refs/heads/fix' },
  });
  s.git(root, 'branch', 'feat/a/b');
  await assert.rejects(addWorktree(await planIn(s, root, 'feat/a')), { code: 'branch-conflict' });
});

test('several worktrees of one repository can be made at the same time', async (t) => {
  const s = scratch(t);
  const plan = await planIn(s, makeProject(s));
  const names = ['a', 'b', 'c', 'd'];
  const made = await Promise.all(
    names.map((name) => addWorktree({ ...plan, path: join(s.dir, 'worktrees', name), branch: `feat/${name}` })),
  );
  assert.deepEqual(
    made.map((worktree) => worktree.created),
    [true, true, true, true],
  );
});

test('a worktree is made also when git meets one that another git has not written to its end', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const wrapper = `#!/bin/sh
case "$*" in *"worktree add"*) if [ ! -e ${s.dir}/met ]; then : > ${s.dir}/met
  echo 'fatal: failed to read .git/worktrees/c/commondir: Success' >&2; exit 128; fi;; esac
exec ${git} "$@"
`;
  chmodSync(s.write('bin/git', wrapper), 0o755);
  s.env['PATH'] = `${join(s.dir, 'bin')}:${s.env['PATH']}`;
  const plan = await planIn(s, root);
  assert.equal((await addWorktree(plan)).created, true);
  rmSync(join(s.dir, 'met'));
  const place = { commonDir: plan.repo.commonDir, path: join(s.dir, 'fresh') };
  await addScratchWorktree(plan.repo.git, place, plan.baseCommit);
  assert.ok(existsSync(join(s.dir, 'fresh', 'README.md')) && existsSync(join(s.dir, 'met')));
});

test('a worktree path must be absolute and on one line', async (t) => {
  const s = scratch(t);
  const plan = await planIn(s, makeProject(s));
  for (const path of ['relative', `${plan.path}\nx`]) {
    await assert.rejects(addWorktree({ ...plan, path }), { code: 'invalid-worktree-path', exitCode: 2 });
  }
});

test('a worktree goes beside the main checkout, or where the configuration says', () => {
  const repo = { root: '/home/ana/project', slug: 'project' };
  assert.equal(worktreePath(repo, 'issue-78'), '/home/ana/worktrees/project/issue-78');
  assert.equal(worktreePath(repo, 'issue-78', '/big/disk'), '/big/disk/project/issue-78');
  assert.equal(worktreePath(repo, 'issue-78', '.trees'), '/home/ana/project/.trees/project/issue-78');
});

test('worktree listings are read with detached, bare and locked entries and unknown keys', () => {
  const text =
    'worktree /r.git\nbare\n\nworktree /w/a b\nHEAD abc\nbranch refs/heads/fix/x\nlocked initializing\nnewkey 1\n\nworktree /w/d\nHEAD def\ndetached\nlocked\nprunable gone\n\n';
  assert.deepEqual(parseWorktrees(text), [
    { path: '/r.git', head: null, branch: null, bare: true, locked: null },
    { path: '/w/a b', head: 'abc', branch: 'fix/x', bare: false, locked: 'initializing' },
    { path: '/w/d', head: 'def', branch: null, bare: false, locked: '' },
  ]);
});
