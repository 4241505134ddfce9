import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  compareConfig,
  configChanged,
  executingSettings,
  guardGit,
  isExecutingKey,
  snapshotConfig,
} from '../../src/git/config-guard.ts';
import { createGit } from '../../src/git/git.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { makeProject, makeProjectWithRemote, open, scratch, type Scratch } from './scratch.ts';

async function agentPlace(s: Scratch): Promise<{ root: string; worktree: string; git: ReturnType<typeof createGit> }> {
  const { root } = makeProjectWithRemote(s);
  const worktree = join(s.dir, 'wt');
  const repo = await open(s, root);
  await addWorktree({
    repo,
    path: worktree,
    branch: 'fix/x',
    baseCommit: s.git(root, 'rev-parse', 'main'),
    adopt: false,
  });
  return { root, worktree, git: createGit({ cwd: worktree, env: s.env }) };
}

test('what an agent may do to its configuration is not a change: name, upstream, gh note', async (t) => {
  const s = scratch(t);
  const { worktree, git } = await agentPlace(s);
  const before = await snapshotConfig(git);
  s.git(worktree, 'config', 'user.name', 'Agent');
  s.git(worktree, 'config', 'branch.fix/x.remote', 'origin');
  s.git(worktree, 'config', 'remote.origin.gh-resolved', 'base');
  assert.deepEqual(compareConfig(before, await snapshotConfig(git)), []);
});

test('every way to make our git run something is named', async (t) => {
  const s = scratch(t);
  const { root, worktree, git } = await agentPlace(s);
  const before = await snapshotConfig(git);
  s.git(worktree, 'config', 'filter.evil.clean', 'touch /tmp/x');
  s.git(worktree, 'config', 'diff.evil.textconv', 'touch /tmp/x');
  s.git(worktree, 'config', 'core.sshCommand', 'touch /tmp/x');
  s.git(worktree, 'config', 'credential.helper', '!touch /tmp/x');
  s.git(worktree, 'config', 'remote.origin.url', 'https://evil.test/r.git');
  s.git(worktree, 'config', 'url.https://evil.test/.insteadOf', 'https://github.com/');
  s.git(worktree, 'config', 'include.path', '/tmp/evil');
  s.git(worktree, 'config', 'extensions.worktreeConfig', 'true');
  s.git(worktree, 'config', '--worktree', 'core.fsmonitor', 'touch /tmp/x');
  writeFileSync(join(root, '.git', 'hooks', 'pre-push'), '#!/bin/sh\n');
  mkdirSync(join(root, '.git', 'info'), { recursive: true });
  writeFileSync(join(root, '.git', 'info', 'attributes'), '* filter=evil\n');
  const changes = compareConfig(before, await snapshotConfig(git));
  assert.deepEqual(changes, [
    'git setting core.fsmonitor (worktree) was added',
    'git setting core.sshcommand (local) was added',
    'git setting credential.helper (local) was added',
    'git setting diff.evil.textconv (local) was added',
    'git setting extensions.worktreeconfig (local) was added',
    'git setting filter.evil.clean (local) was added',
    'git setting include.path (local) was added',
    'git setting remote.origin.url (local) was changed',
    'git setting url.https://evil.test/.insteadof (local) was added',
    'file hooks/pre-push was added',
    'file info/attributes was added',
  ]);
});

test('a hook that changes its content or becomes executable, and one that is removed, are seen', async (t) => {
  const s = scratch(t);
  const { root, git } = await agentPlace(s);
  const hook = join(root, '.git', 'hooks', 'commit-msg');
  writeFileSync(hook, 'one');
  const before = await snapshotConfig(git);
  chmodSync(hook, 0o755);
  assert.deepEqual(compareConfig(before, await snapshotConfig(git)), ['file hooks/commit-msg was changed']);
  s.git(root, 'remote', 'remove', 'origin');
  assert.ok(
    compareConfig(before, await snapshotConfig(git)).includes('git setting remote.origin.url (local) was removed'),
  );
});

test('a worktree whose .git file leads to another repository is found out', async (t) => {
  const s = scratch(t);
  const { worktree, git } = await agentPlace(s);
  const before = await snapshotConfig(git);
  const evil = makeProject(s, 'evil');
  writeFileSync(join(worktree, '.git'), `gitdir: ${join(evil, '.git')}\n`);
  const changes = compareConfig(before, await snapshotConfig(git));
  assert.match(changes[0] ?? '', /belongs to another repository/);
});

test('keys are told apart by what they can start', () => {
  const executing = [
    'core.sshcommand',
    'core.hooksPath',
    'filter.lfs.process',
    'alias.st',
    'includeif.gitdir:/x.path',
    'merge.ours.driver',
    'submodule.x.update',
    'http.https://h.proxy',
    'gpg.program',
    'diff.external',
    'credential.https://x.helper',
    'remote.o.uploadpack',
  ];
  const harmless = [
    'user.name',
    'core.autocrlf',
    'branch.main.remote',
    'diff.renames',
    'http.postbuffer',
    'merge.conflictstyle',
    'submodule.x.active',
    'remote.origin.gh-resolved',
  ];
  assert.deepEqual(
    executing.filter((key) => !isExecutingKey(key)),
    [],
  );
  assert.deepEqual(harmless.filter(isExecutingKey), []);
});

test('settings are read with several values, without a value, and without our own', () => {
  const settings = executingSettings(
    'local\0alias.a\nx\0local\0alias.a\ny\0command\0core.fsmonitor\nfalse\0system\0alias.flag\0',
  );
  assert.deepEqual(Object.keys(settings), ['alias.a (local)', 'alias.flag (system)']);
});

test('a guarded git looks before every call, also with another environment, and does not run when it may not', async (t) => {
  const s = scratch(t);
  const { git } = await agentPlace(s);
  let looks = 0;
  const open = guardGit(git, async () => void (looks += 1));
  await open.run(['rev-parse', 'HEAD']);
  await open.line(['rev-parse', 'HEAD']);
  await open.withEnv({ GIT_INDEX_FILE: join(s.dir, 'index') }).run(['read-tree', 'HEAD']);
  assert.equal(looks, 3);
  const shut = guardGit(git, () => Promise.reject(configChanged(['x'])));
  await assert.rejects(shut.line(['rev-parse', 'HEAD']), { code: 'git-config-changed' });
  await assert.rejects(shut.withEnv({}).run(['rev-parse', 'HEAD']), { code: 'git-config-changed' });
});
