import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { createGit, withoutCredentials } from '../../src/git/git.ts';
import { changedFiles } from '../../src/git/changes.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { fileStatus } from '../../src/git/status.ts';
import { trueStatus } from '../../src/git/true-status.ts';
import { resolveCommit } from '../../src/git/refs.ts';
import { commitFile, makeProject, open, scratch } from './scratch.ts';

test('a failed command names itself, its directory, exit code and what git said', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const git = createGit({ cwd: root, env: s.env });
  await assert.rejects(git.run(['rev-parse', '--verify', 'no such name']), (error) => {
    assert.ok(error instanceof ConduxtError);
    assert.equal(error.code, 'git-failed');
    assert.match(error.message, /git rev-parse --verify "no such name"/);
    assert.ok(error.message.includes(root));
    assert.match(error.message, /exit code 128: fatal:/);
    return true;
  });
  assert.equal((await git.run(['rev-parse', '--verify', 'nothing'], { okCodes: [0, 128] })).exitCode, 128);
});

test('what git says begins with its reason, not with hints about settings of ours', async (t) => {
  const s = scratch(t);
  const git = createGit({ cwd: makeProject(s), env: s.env });
  await assert.rejects(git.run(['worktree', 'add', '/proc/x', 'HEAD']), (error) => {
    assert.ok(error instanceof ConduxtError);
    assert.match(error.message, /fatal: /);
    assert.doesNotMatch(error.message, /hint:/);
    return true;
  });
});

test('a call that does not end is ended and said to have timed out', async (t) => {
  const s = scratch(t);
  const git = createGit({ cwd: makeProject(s), env: s.env });
  s.write('wait.sh', '#!/bin/sh\nexec tail -f /dev/null\n');
  chmodSync(join(s.dir, 'wait.sh'), 0o755);
  const args = ['-c', `alias.wait=!${join(s.dir, 'wait.sh')}`, 'wait'];
  await assert.rejects(git.run(args, { timeoutMs: 200 }), { code: 'git-timeout', exitCode: 5 });
});

test('a list that is too long is cut after a whole entry where its beginning is enough, and refused elsewhere', async (t) => {
  const s = scratch(t);
  const git = createGit({ cwd: makeProject(s), env: s.env });
  for (let at = 0; at < 60; at += 1) s.write(`project/untracked/${'x'.repeat(40)}-${at}`, '');
  const args = ['ls-files', '-z', '--others'];
  const cut = await git.run(args, { maxOutputBytes: 1000, mayBeCut: true });
  assert.match(cut.stdout, /^(?:untracked\/x{40}-\d+\0){5,}$/);
  assert.ok(cut.stdout.length <= 1000);
  await assert.rejects(git.run(args, { maxOutputBytes: 1000 }), { code: 'git-output-too-large', exitCode: 74 });
});

test('a worktree with more untracked files than git may say is dirty, not broken', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  // 16 MiB of names, for which few files are needed when their paths are long.
  const deep = Array.from({ length: 16 }, () => 'd'.repeat(220)).join('/');
  for (let at = 0; at < 4800; at += 1) {
    if (at === 0) s.write(`project/${deep}/0`, '');
    else writeFileSync(join(root, deep, String(at)), '');
  }
  const git = createGit({ cwd: root, env: s.env });
  const { untracked } = await fileStatus(git);
  assert.ok(untracked.length > 1000 && untracked.every((path) => path.startsWith('dddd')));
  assert.ok((await trueStatus(git, join(s.dir, 'index'), [])).untracked.length > 1000);
});

test('addresses in messages lose their passwords and keep what helps', () => {
  const cases = [
    ['https://user:tok3n@host/x', 'https://host/x'],
    ['fatal: unable to access https://tok3n@host/x: no', 'fatal: unable to access https://host/x: no'],
    ['ssh://git@host/x', 'ssh://git@host/x'],
    ['ssh://git:pw@host/x', 'ssh://git@host/x'],
    ['git@host:o/r.git', 'git@host:o/r.git'],
  ] as const;
  for (const [text, expected] of cases) assert.equal(withoutCredentials(text), expected);
});

test('nothing a repository configures runs in our calls: hooks, fsmonitor, external diff, text conversion', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const marker = (name: string): string => join(s.dir, `ran-${name}`);
  const script = (name: string): string => {
    const path = join(s.dir, `${name}.sh`);
    writeFileSync(path, `#!/bin/sh\ntouch ${marker(name)}\nexit 0\n`);
    chmodSync(path, 0o755);
    return path;
  };
  s.write('project/.gitattributes', '*.js diff=conv\n');
  const first = commitFile(s, root, 'src/add.js', 'one\n', 'One');
  const second = commitFile(s, root, 'src/add.js', 'two\n', 'Two');
  for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction', 'pre-push']) {
    writeFileSync(join(root, '.git', 'hooks', hook), `#!/bin/sh\ntouch ${marker(hook)}\n`);
    chmodSync(join(root, '.git', 'hooks', hook), 0o755);
  }
  s.git(root, 'config', 'core.fsmonitor', script('fsmonitor'));
  s.git(root, 'config', 'diff.external', script('diff-external'));
  s.git(root, 'config', 'diff.conv.textconv', script('textconv'));
  s.git(root, 'config', 'core.pager', script('pager'));
  s.git(root, 'config', 'remote.evil.url', `ext::${script('ext')}`);

  const repo = await open(s, root);
  await addWorktree({ repo, path: join(s.dir, 'wt'), branch: 'fix/x', baseCommit: second, adopt: false });
  await fileStatus(repo.git);
  await changedFiles(repo.git, first, second);
  await assert.rejects(repo.git.run(['ls-remote', '--', 'evil']), { code: 'git-failed' });
  const names = [
    'post-checkout',
    'post-index-change',
    'reference-transaction',
    'fsmonitor',
    'diff-external',
    'textconv',
    'pager',
    'ext',
  ];
  assert.deepEqual(
    names.filter((name) => existsSync(marker(name))),
    [],
  );
  // The traps are real: plain git walks into them.
  s.git(root, 'status');
  s.git(root, 'diff', first, second);
  assert.ok(existsSync(marker('fsmonitor')) && existsSync(marker('diff-external')));
});

test('a name that looks like an option resolves to nothing and runs nothing', async (t) => {
  const s = scratch(t);
  const git = createGit({ cwd: makeProject(s), env: s.env });
  for (const name of ['--upload-pack=touch x', '-x', '', 'a\nb', '--all', 'HEAD..main', 'main@{u}', ':/First']) {
    const commit = await resolveCommit(git, name);
    assert.ok(commit === null || name === ':/First', name);
  }
});
