import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  changedFiles,
  commitCount,
  commitSubjects,
  diffStat,
  headCommit,
  parseNameStatus,
  parseNumstat,
} from '../../src/git/changes.ts';
import { parseStatus, worktreeStatus } from '../../src/git/status.ts';
import { treeAt } from '../../src/git/tree.ts';
import { commitFile, makeProject, open, scratch } from './scratch.ts';

const ODD = 'a "b"\tc\nd\\ü.txt';

test('changes between two commits are listed with kinds, renames and odd names', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const base = s.git(root, 'rev-parse', 'HEAD');
  writeFileSync(join(root, ODD), 'odd\n');
  mkdirSync(join(root, 'lib'));
  renameSync(join(root, 'src/add.js'), join(root, 'lib/add.js'));
  writeFileSync(join(root, 'image.bin'), Buffer.from([0, 1, 2]));
  writeFileSync(join(root, 'README.md'), '# Project\nmore\n');
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'Change: many "things"');
  rmSync(join(root, 'README.md'));
  symlinkSync('x', join(root, 'README.md'));
  s.git(root, 'commit', '-q', '-a', '-m', 'Second');
  const { git } = await open(s, root);
  const head = await headCommit(git);
  const files = await changedFiles(git, base, head);
  const byPath = new Map(files.map((file) => [file.path, file]));
  assert.equal(files.length, 4);
  assert.deepEqual(byPath.get(ODD), { path: ODD, change: 'added', from: null });
  assert.deepEqual(byPath.get('lib/add.js'), { path: 'lib/add.js', change: 'renamed', from: 'src/add.js' });
  assert.equal(byPath.get('README.md')?.change, 'type-changed');
  assert.equal((await diffStat(git, base, head)).files, 4);
  assert.equal(await commitCount(git, base, head), 2);
  assert.deepEqual(await commitSubjects(git, base, head), ['Second', 'Change: many "things"']);
  assert.deepEqual(await changedFiles(git, head, head), []);
  assert.equal(await commitCount(git, head, head), 0);
});

test('the parsers read what git writes with -z', () => {
  assert.deepEqual(parseNameStatus('M\0a\0R087\0old\0new\0U\0x\0'), [
    { path: 'a', change: 'modified', from: null },
    { path: 'new', change: 'renamed', from: 'old' },
    { path: 'x', change: 'other', from: null },
  ]);
  assert.deepEqual(parseNumstat('3\t1\ta\0-\t-\tb.bin\x002\t0\t\0old\0new\0'), {
    files: 3,
    insertions: 5,
    deletions: 1,
  });
  assert.deepEqual(parseNameStatus(''), []);
  const status =
    '1 .M N... 100644 100644 100644 a b a file\0u UU N... 1 2 3 4 h1 h2 h3 both\x002 R. N... 1 2 3 h1 h2 R100 new\0old\0? un tracked\0! ignored\0';
  assert.deepEqual(parseStatus(status), { dirty: ['a file', 'both', 'new'], untracked: ['un tracked'] });
});

test('the state of a worktree tells dirty from untracked, the branch, the distance and a pending merge', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const base = s.git(root, 'rev-parse', 'HEAD');
  const clean = await worktreeStatus(root, s.env, base);
  assert.deepEqual(clean, { head: base, branch: 'main', dirty: [], untracked: [], operation: null, ahead: 0 });
  s.git(root, 'checkout', '-q', '-b', 'other');
  commitFile(s, root, 'README.md', 'theirs\n', 'Theirs');
  s.git(root, 'checkout', '-q', 'main');
  const head = commitFile(s, root, 'README.md', 'ours\n', 'Ours');
  assert.throws(() => s.git(root, 'merge', '-q', 'other'));
  writeFileSync(join(root, ODD), 'x');
  s.write('project/.gitignore', 'ignored\n');
  s.write('project/ignored', 'x');
  rmSync(join(root, 'src/add.js'));
  const state = await worktreeStatus(root, s.env, base);
  assert.deepEqual([state.head, state.branch, state.operation, state.ahead], [head, 'main', 'merge', 1]);
  assert.deepEqual(state.dirty.toSorted(), ['README.md', 'src/add.js']);
  assert.deepEqual(state.untracked.toSorted(), ['.gitignore', ODD]);
  s.git(root, 'merge', '--abort');
  s.git(root, 'checkout', '-q', '-f', '--detach');
  assert.equal((await worktreeStatus(root, s.env)).branch, null);
});

test('the tree of a commit is read whatever the worktree looks like', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.write('project/package.json', '{"name":"x"}');
  s.write('project/sub/deep/a.txt', 'deep');
  s.write(`project/${ODD}`, 'odd');
  s.write('project/run.sh', '#!/bin/sh\n');
  chmodSync(join(root, 'run.sh'), 0o755);
  symlinkSync('/etc/passwd', join(root, 'link'));
  s.write('project/big.txt', 'x'.repeat(1024 * 1024 + 1));
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'More');
  const commit = s.git(root, 'rev-parse', 'HEAD');
  writeFileSync(join(root, 'package.json'), 'changed by an agent');
  rmSync(join(root, 'sub'), { recursive: true });
  const tree = treeAt((await open(s, root)).git, commit);
  assert.equal(await tree.read('package.json'), '{"name":"x"}');
  assert.equal(await tree.read('./sub//deep/a.txt'), 'deep');
  assert.equal(await tree.read(ODD), 'odd');
  assert.equal(await tree.read('run.sh'), '#!/bin/sh\n');
  for (const path of ['link', 'sub', 'missing', 'missing/x', 'package.json/x', '../project/package.json', '', '-x']) {
    assert.equal(await tree.read(path), null, path);
  }
  assert.deepEqual(await tree.list('sub'), ['deep']);
  assert.deepEqual(await tree.list('missing'), []);
  assert.ok((await tree.list('')).includes(ODD));
  assert.deepEqual(
    [await tree.has('sub/deep'), await tree.has('sub/deep/a.txt'), await tree.has('sub/x')],
    [true, true, false],
  );
  await assert.rejects(tree.read('big.txt'), { code: 'tree-file-too-large' });
  await assert.rejects(treeAt((await open(s, root)).git, 'f'.repeat(40)).has('x'), { code: 'git-failed' });
});
