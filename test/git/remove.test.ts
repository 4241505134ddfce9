import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { whatWouldBeLost } from '../../src/git/losses.ts';
import { deleteBranch, removeWorktree, type Removal } from '../../src/git/remove.ts';
import { snapshotRef } from '../../src/git/snapshot.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { listWorktrees } from '../../src/git/worktree-list.ts';
import { commitFile, makeProject, makeProjectWithRemote, open, scratch, type Scratch } from './scratch.ts';

const FORCE = { session: 's-01ABC', at: '2026-11-21T10:00:00.123Z' };

async function withWorktree(s: Scratch, root: string): Promise<Removal> {
  const repo = await open(s, root);
  const baseCommit = s.git(root, 'rev-parse', 'main');
  const worktree = join(s.dir, 'worktrees', 'issue-78');
  await addWorktree({ repo, path: worktree, branch: 'fix/issue-78', baseCommit, adopt: false });
  return { repo, worktree, branch: 'fix/issue-78', baseCommit, force: null };
}

test('a clean worktree is removed, its branch stays, and removing it again is fine', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  const work = commitFile(s, removal.worktree, 'done.txt', 'done', 'Work');
  assert.deepEqual(await removeWorktree(removal), { type: 'removed', snapshot: null, ignored: [] });
  assert.equal(existsSync(removal.worktree), false);
  assert.deepEqual(readdirSync(dirname(removal.worktree)), []);
  assert.equal(s.git(root, 'rev-parse', 'fix/issue-78'), work);
  assert.equal((await listWorktrees(removal.repo.git)).length, 1);
  assert.deepEqual(await removeWorktree(removal), { type: 'absent' });
});

test('what git ignores goes with the worktree, and is named', async (t) => {
  const s = scratch(t);
  const removal = await withWorktree(s, makeProject(s));
  commitFile(s, removal.worktree, '.gitignore', '.env\nbuild/\n', 'Ignore');
  writeFileSync(join(removal.worktree, '.env'), 'KEY=1');
  s.write('worktrees/issue-78/build/deep/out.o', 'x');
  const removed = await removeWorktree(removal);
  assert.deepEqual(removed.type === 'removed' && removed.ignored, ['.env', 'build/']);
});

test('a worktree with work in it is not removed, and what would be lost is listed', async (t) => {
  const s = scratch(t);
  const removal = await withWorktree(s, makeProject(s));
  writeFileSync(join(removal.worktree, 'README.md'), 'changed');
  writeFileSync(join(removal.worktree, 'new.txt'), 'new');
  s.git(removal.worktree, 'add', 'new.txt');
  writeFileSync(join(removal.worktree, 'notes.txt'), 'notes');
  const outcome = await removeWorktree(removal);
  assert.ok(outcome.type === 'refused' && outcome.why === 'work-would-be-lost');
  assert.deepEqual(outcome.losses.uncommitted, ['README.md', 'new.txt']);
  assert.deepEqual(outcome.losses.untracked, ['notes.txt']);
  assert.equal(readFileSync(join(removal.worktree, 'notes.txt'), 'utf8'), 'notes');
});

test('a forced removal saves index, changed and untracked files under a hidden ref first', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  const head = commitFile(s, removal.worktree, 'done.txt', 'done', 'Work');
  writeFileSync(join(removal.worktree, 'README.md'), 'staged');
  s.git(removal.worktree, 'add', 'README.md');
  writeFileSync(join(removal.worktree, 'README.md'), 'changed after staging');
  mkdirSync(join(removal.worktree, 'deep'));
  writeFileSync(join(removal.worktree, 'deep', 'notes.txt'), 'notes');
  const outcome = await removeWorktree({ ...removal, force: FORCE });
  const ref = 'refs/conduxt/snapshots/s-01ABC/20261121T100000123Z';
  assert.deepEqual(outcome, { type: 'removed', snapshot: ref, ignored: [] });
  assert.equal(snapshotRef(FORCE), ref);
  assert.equal(existsSync(removal.worktree), false);
  assert.equal(s.git(root, 'show', `${ref}:README.md`), 'changed after staging');
  assert.equal(s.git(root, 'show', `${ref}:deep/notes.txt`), 'notes');
  assert.equal(s.git(root, 'show', `${ref}^2:README.md`), 'staged');
  assert.equal(s.git(root, 'rev-parse', `${ref}^1`), head);
  assert.equal(s.git(root, 'status', '--porcelain'), '');
});

test('a snapshot holds what the index was told not to look at', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  const files = { 'README.md': '--skip-worktree', 'a.txt': '--assume-unchanged', 'b.txt': '--skip-worktree' };
  for (const file of ['a.txt', 'b.txt']) commitFile(s, removal.worktree, file, 'before', `Add ${file}`);
  for (const [file, flag] of Object.entries(files)) {
    s.git(removal.worktree, 'update-index', flag, file);
    writeFileSync(join(removal.worktree, file), 'hidden');
  }
  // What a sparse checkout leaves out is not deleted.
  rmSync(join(removal.worktree, 'b.txt'));
  const forced = await removeWorktree({ ...removal, force: FORCE });
  assert.ok(forced.type === 'removed' && forced.snapshot !== null);
  const held = ['README.md', 'a.txt', 'b.txt'].map((file) => s.git(root, 'show', `${forced.snapshot}:${file}`));
  assert.deepEqual(held, ['hidden', 'hidden', 'before']);
});

test('a snapshot is taken in the middle of a conflict, too', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  commitFile(s, removal.worktree, 'README.md', 'ours\n', 'Ours');
  commitFile(s, root, 'README.md', 'theirs\n', 'Theirs');
  assert.throws(() => s.git(removal.worktree, 'merge', 'main'));
  const outcome = await removeWorktree(removal);
  assert.ok(outcome.type === 'refused' && outcome.losses.operation === 'merge');
  const forced = await removeWorktree({ ...removal, force: FORCE });
  assert.ok(forced.type === 'removed' && forced.snapshot !== null);
  assert.match(s.git(root, 'show', `${forced.snapshot}:README.md`), /<<<<<<</);
});

test('commits that only a detached HEAD leads to count as work, and a forced removal keeps them', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  s.git(removal.worktree, 'checkout', '-q', '--detach');
  const commit = commitFile(s, removal.worktree, 'x.txt', 'x', 'Nowhere else');
  const outcome = await removeWorktree(removal);
  assert.ok(outcome.type === 'refused');
  assert.deepEqual(outcome.losses.detached, [{ commit, subject: 'Nowhere else' }]);
  const forced = await removeWorktree({ ...removal, force: FORCE });
  assert.ok(forced.type === 'removed' && forced.snapshot !== null);
  assert.equal(s.git(root, 'rev-parse', `${forced.snapshot}^1`), commit);
});

test('a repository inside the worktree cannot be saved, so even a forced removal is refused', async (t) => {
  const s = scratch(t);
  const removal = await withWorktree(s, makeProject(s));
  makeProject(s, 'worktrees/issue-78/nested');
  const outcome = await removeWorktree({ ...removal, force: FORCE });
  assert.ok(outcome.type === 'refused' && outcome.why === 'not-savable');
  assert.deepEqual(outcome.losses.submodules, ['nested']);
  assert.ok(existsSync(join(removal.worktree, 'nested', 'README.md')));
});

test('a worktree that a person locked, and the main checkout, are never removed', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  s.git(root, 'worktree', 'lock', removal.worktree);
  const locked = await removeWorktree({ ...removal, force: FORCE });
  assert.ok(locked.type === 'refused' && locked.why === 'locked');
  const main = await removeWorktree({ ...removal, worktree: root, force: FORCE });
  assert.ok(main.type === 'refused' && main.why === 'main-checkout');
});

test('a removal that was cut short after moving the directory aside is finished by the next', async (t) => {
  const s = scratch(t);
  const removal = await withWorktree(s, makeProject(s));
  renameSync(removal.worktree, join(dirname(removal.worktree), '.issue-78.removing-4711'));
  assert.deepEqual(await removeWorktree(removal), { type: 'absent' });
  assert.deepEqual(readdirSync(dirname(removal.worktree)), []);
  assert.equal((await listWorktrees(removal.repo.git)).length, 1);
});

test('commits are unpushed until a remote or another branch has them', async (t) => {
  const s = scratch(t);
  const { root } = makeProjectWithRemote(s);
  const removal = await withWorktree(s, root);
  const commit = commitFile(s, removal.worktree, 'x.txt', 'x', 'Work');
  const question = { repo: removal.repo, worktree: null, branch: removal.branch, baseCommit: removal.baseCommit };
  assert.deepEqual((await whatWouldBeLost(question)).unpushed, [{ commit, subject: 'Work' }]);
  s.git(root, 'branch', 'keep', 'fix/issue-78');
  assert.deepEqual((await whatWouldBeLost(question)).unpushed, []);
  s.git(root, 'branch', '-D', 'keep');
  s.git(removal.worktree, 'push', '-q', 'origin', 'fix/issue-78');
  assert.deepEqual((await whatWouldBeLost(question)).unpushed, []);
});

test('a branch is deleted only when its commits are elsewhere, or its tip is kept', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  const commit = commitFile(s, removal.worktree, 'x.txt', 'x', 'Work');
  const deletion = { repo: removal.repo, branch: removal.branch, baseCommit: removal.baseCommit, force: null };
  assert.deepEqual(await deleteBranch(deletion), { type: 'refused', why: 'checked-out', path: removal.worktree });
  await removeWorktree(removal);
  const refusal = await deleteBranch(deletion);
  assert.ok(refusal.type === 'refused' && refusal.why === 'work-would-be-lost');
  assert.deepEqual(refusal.losses.unpushed, [{ commit, subject: 'Work' }]);
  const ref = snapshotRef(FORCE, 'branch');
  assert.deepEqual(await deleteBranch({ ...deletion, force: FORCE }), { type: 'deleted', commit, snapshot: ref });
  assert.equal(s.git(root, 'rev-parse', ref), commit);
  assert.deepEqual(await deleteBranch(deletion), { type: 'absent' });
});

test('the lock that a killed git left among the snapshots goes with the next one', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const removal = await withWorktree(s, root);
  writeFileSync(join(removal.worktree, 'notes.txt'), 'notes');
  const lock = s.write('project/.git/refs/conduxt/snapshots/s-01ABC/20261121T095900000Z-branch.lock', '');
  const aMinuteAgo = new Date(Date.now() - 60_000);
  utimesSync(lock, aMinuteAgo, aMinuteAgo);
  assert.equal((await removeWorktree({ ...removal, force: FORCE })).type, 'removed');
  assert.deepEqual(readdirSync(dirname(lock)), ['20261121T100000123Z']);
});
