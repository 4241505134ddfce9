import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkBranchName } from '../../src/git/branch-name.ts';
import { resolveCommit } from '../../src/git/refs.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { makeProject, open, scratch } from './scratch.ts';

test('submodules, large files and attributes of a stranger’s repository fetch and run nothing', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const marker = join(s.dir, 'ran');
  s.write(
    'project/.gitmodules',
    `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${marker}\n\tupdate = !touch ${marker}\n`,
  );
  s.write('project/.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs\n*.txt filter=evil\n');
  s.write('project/big.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  s.write('project/a.txt', 'a');
  s.git(root, 'add', '-A');
  s.git(root, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},x`);
  s.git(root, 'commit', '-q', '-m', 'Hostile');
  const repo = await open(s, root);
  const path = join(s.dir, 'w');
  const baseCommit = s.git(root, 'rev-parse', 'HEAD');
  await addWorktree({ repo, path, branch: 'fix/x', baseCommit, adopt: false });
  assert.match(
    readFileSync(join(path, 'big.bin'), 'utf8'),
    /^version https:\/\/git-lfs/,
    'the pointer, not a download',
  );
  assert.deepEqual(readdirSync(join(path, 'x')), [], 'a submodule stays empty');
  assert.equal(existsSync(marker), false);
});

test('no name is read as an option: it is refused, or it names nothing', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const repo = await open(s, root);
  const marker = join(s.dir, 'ran');
  const pieces = fc.constantFrom(
    '-',
    '--',
    'upload-pack=',
    `touch ${marker}`,
    ';',
    '$(',
    ')',
    '`',
    '\n',
    '..',
    '@{',
    '/',
    'a',
    ' ',
    '~',
    '^',
    ':',
  );
  const names = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const found = await resolveCommit(repo.git, name).catch(() => null);
      // git reads whatever follows `@{` as a time: the place of HEAD then.
      assert.ok(found === null || name.includes('@{'), name);
      await checkBranchName(repo.git, name).then(
        (accepted) => assert.match(accepted, /^[A-Za-z0-9._/][A-Za-z0-9._/-]*$/),
        (error: unknown) => assert.equal((error as { exitCode?: number }).exitCode, 2, name),
      );
    }),
    { numRuns: 40, examples: [['@{touch x ']] },
  );
  assert.equal(existsSync(marker), false);
});
