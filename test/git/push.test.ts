import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGit } from '../../src/git/git.ts';
import { parsePushLine, pushBranch, type Push } from '../../src/git/push.ts';
import { commitFile, makeProjectWithRemote, scratch, type Scratch } from './scratch.ts';

function taskIn(s: Scratch): {
  root: string;
  bare: string;
  base: string;
  push: (commit: string, expected: string | null) => Push;
} {
  const { root, bare } = makeProjectWithRemote(s);
  const base = s.git(root, 'rev-parse', 'HEAD');
  s.git(root, 'checkout', '-q', '-b', 'fix/issue-78');
  const git = createGit({ cwd: root, env: s.env });
  const push = (commit: string, expectedRemote: string | null): Push => ({
    git,
    remote: 'origin',
    branch: 'fix/issue-78',
    commit,
    expectedRemote,
    baseCommit: base,
  });
  return { root, bare, base, push };
}

test('a branch is created, tracked, found there again and moved forward', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  assert.deepEqual(await pushBranch(push(one, null)), { type: 'pushed', commit: one, already: false, tracking: true });
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), one);
  assert.equal(s.git(root, 'rev-parse', '--abbrev-ref', 'fix/issue-78@{upstream}'), 'origin/fix/issue-78');
  assert.deepEqual(await pushBranch(push(one, null)), { type: 'pushed', commit: one, already: true, tracking: true });
  const two = commitFile(s, root, 'a', '2', 'Two');
  assert.equal((await pushBranch(push(two, one))).type, 'pushed');
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), two);
});

test('a push whose record was lost in a crash does not stop the next one', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  await pushBranch(push(one, null));
  const two = commitFile(s, root, 'a', '2', 'Two');
  assert.equal((await pushBranch(push(two, null))).type, 'pushed');
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), two);
});

test('a push that was overtaken by another of the same commit has happened', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  s.git(root, 'push', '-q', 'origin', `${one}:refs/heads/other`);
  // The other one's is there after the remote has told us that nothing is, and before ours is written.
  const hook = join(bare, 'hooks', 'pre-receive');
  const clean = 'unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES';
  writeFileSync(hook, `#!/bin/sh\n${clean}\ngit update-ref refs/heads/fix/issue-78 ${one}\n`);
  chmodSync(hook, 0o755);
  assert.deepEqual(await pushBranch(push(one, null)), { type: 'pushed', commit: one, already: true, tracking: true });
});

test('a host that was replaced while it slept cannot move the branch back or aside', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  const two = commitFile(s, root, 'a', '2', 'Two');
  await pushBranch(push(two, null));
  for (const expected of [null, one, two]) {
    const outcome = await pushBranch(push(one, expected));
    assert.deepEqual([outcome.type, outcome.type === 'rejected' && outcome.why], ['rejected', 'moved']);
  }
  s.git(root, 'reset', '-q', '--hard', one);
  const aside = commitFile(s, root, 'a', 'other', 'Rewritten');
  const outcome = await pushBranch(push(aside, two));
  assert.ok(outcome.type === 'rejected' && outcome.why === 'moved' && outcome.remoteCommit === two);
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), two);
});

test('a branch of the same name that somebody else made at the remote is not touched', async (t) => {
  const s = scratch(t);
  const { root, bare, base, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  s.git(bare, 'branch', 'fix/issue-78', base);
  const outcome = await pushBranch(push(one, null));
  assert.ok(outcome.type === 'rejected' && outcome.why === 'taken');
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), base);
});

test('commits of a person that were never fetched are not overwritten', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  await pushBranch(push(one, null));
  s.git(s.dir, 'clone', '-q', '-b', 'fix/issue-78', bare, 'person');
  const theirs = commitFile(s, join(s.dir, 'person'), 'b', 'b', 'By a person');
  s.git(join(s.dir, 'person'), 'push', '-q');
  const two = commitFile(s, root, 'a', '2', 'Two');
  const outcome = await pushBranch(push(two, one));
  assert.ok(outcome.type === 'rejected' && outcome.why === 'moved' && outcome.remoteCommit === theirs);
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), theirs);
});

test('a branch that was deleted at the remote is not brought back', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  await pushBranch(push(one, null));
  s.git(bare, 'branch', '-D', 'fix/issue-78');
  const outcome = await pushBranch(push(one, one));
  assert.ok(outcome.type === 'rejected' && outcome.why === 'gone');
});

test('a remote that declines says why', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const hook = join(bare, 'hooks', 'pre-receive');
  writeFileSync(hook, '#!/bin/sh\necho "only on Tuesdays" >&2\nexit 1\n');
  chmodSync(hook, 0o755);
  const outcome = await pushBranch(push(commitFile(s, root, 'a', '1', 'One'), null));
  assert.ok(outcome.type === 'rejected' && outcome.why === 'declined');
  assert.match(outcome.detail, /only on Tuesdays/);
});

test('a remote that is not there is an outcome, not an exception', async (t) => {
  const s = scratch(t);
  const { root, push } = taskIn(s);
  s.git(root, 'remote', 'set-url', 'origin', join(s.dir, 'gone.git'));
  const outcome = await pushBranch(push(commitFile(s, root, 'a', '1', 'One'), null));
  assert.equal(outcome.type, 'unreachable');
  assert.match(outcome.type === 'unreachable' ? outcome.detail : '', /gone\.git/);
});

test('a held configuration lock costs the upstream setting, not the push', async (t) => {
  const s = scratch(t);
  const { root, bare, push } = taskIn(s);
  const one = commitFile(s, root, 'a', '1', 'One');
  writeFileSync(join(root, '.git', 'config.lock'), '');
  assert.deepEqual(await pushBranch(push(one, null)), { type: 'pushed', commit: one, already: false, tracking: false });
  assert.equal(s.git(bare, 'rev-parse', 'fix/issue-78'), one);
});

test('the line of a push is read from what git prints', () => {
  const text = 'To /x\n!\tabc:refs/heads/a\t[rejected] (stale info)\nDone\n';
  assert.deepEqual(parsePushLine(text, 'refs/heads/a'), { flag: '!', summary: '[rejected] (stale info)' });
  assert.equal(parsePushLine(text, 'refs/heads/b'), null);
});
