import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  expireDiscarded,
  filesOf,
  listDiscarded,
  restoreDiscarded,
  type DiscardedWork,
} from '../../src/git/discarded-work.ts';
import { deleteBranch, removeWorktree, type Removal } from '../../src/git/remove.ts';
import { beginUndo } from '../../src/git/unfinished-undo.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { commitFile, makeProject, open, scratch, type Scratch } from './scratch.ts';

const FORCE = { session: 's-01ABC', at: '2026-11-21T10:00:00.123Z' };
const DAY_MS = 86_400_000;

/** A worktree with a commit, and a staged, a changed, a deleted and an unknown file on top of it. */
async function discarded(s: Scratch, root: string): Promise<{ removal: Removal; status: string; tip: string }> {
  const repo = await open(s, root);
  const baseCommit = s.git(root, 'rev-parse', 'main');
  const worktree = join(s.dir, 'worktrees', 'issue-78');
  await addWorktree({ repo, path: worktree, branch: 'fix/issue-78', baseCommit, adopt: false });
  const tip = commitFile(s, worktree, 'done.txt', 'done', 'Work');
  writeFileSync(join(worktree, 'README.md'), 'staged');
  s.git(worktree, 'add', 'README.md');
  writeFileSync(join(worktree, 'README.md'), 'changed after staging');
  rmSync(join(worktree, 'src/add.js'));
  mkdirSync(join(worktree, 'deep'));
  writeFileSync(join(worktree, 'deep', 'notes ü.txt'), 'notes');
  const status = s.git(worktree, 'status', '--porcelain=v2', '--branch', '-z');
  const removal = { repo, worktree, branch: 'fix/issue-78', baseCommit, force: FORCE };
  assert.equal((await removeWorktree(removal)).type, 'removed');
  assert.equal((await deleteBranch(removal)).type, 'deleted');
  return { removal, status, tip };
}

async function onlyOne({ repo }: Removal): Promise<DiscardedWork> {
  const [work, ...more] = await listDiscarded(repo, FORCE.session);
  assert.deepEqual(more, []);
  assert.ok(work !== undefined);
  return work;
}

test('discarded work comes back as it was: branch, index, changed, deleted and unknown files', async (t) => {
  const s = scratch(t);
  const { removal, status, tip } = await discarded(s, makeProject(s));
  const work = await onlyOne(removal);
  assert.deepEqual([work.at, work.refs.length, work.tip], ['20261121T100000123Z', 2, tip]);
  assert.deepEqual(await filesOf(removal.repo, work), ['README.md', 'deep/notes ü.txt', 'src/add.js']);
  const { repo, worktree, branch } = removal;
  const restored = await restoreDiscarded({ repo, work, directory: worktree, branch });
  assert.deepEqual(restored, { directory: worktree, branch: 'fix/issue-78' });
  assert.equal(s.git(worktree, 'status', '--porcelain=v2', '--branch', '-z'), status);
  assert.equal(readFileSync(join(worktree, 'README.md'), 'utf8'), 'changed after staging');
  assert.equal(s.git(worktree, 'show', ':README.md'), 'staged');
  assert.equal(s.git(worktree, 'rev-parse', 'HEAD'), tip);
  assert.deepEqual(await onlyOne(removal), work, 'it is kept until it expires');
});

test('bringing work back changes nothing that is there now: not a directory, not a branch', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const { removal, tip } = await discarded(s, root);
  const work = await onlyOne(removal);
  const { repo, worktree, branch } = removal;
  s.git(root, 'branch', branch, 'main');
  s.write('worktrees/issue-78/mine.txt', 'mine');
  const again = { repo, work, branch };
  await assert.rejects(restoreDiscarded({ ...again, directory: worktree }), { code: 'place-occupied', exitCode: 6 });
  assert.equal(readFileSync(join(worktree, 'mine.txt'), 'utf8'), 'mine');

  const elsewhere = await restoreDiscarded({ ...again, directory: join(s.dir, 'again') });
  assert.equal(elsewhere.branch, 'fix/issue-78-undo');
  assert.equal(s.git(root, 'rev-parse', branch), s.git(root, 'rev-parse', 'main'), 'the branch of now stays');
  assert.equal(s.git(elsewhere.directory, 'rev-parse', 'HEAD'), tip);
  const third = await restoreDiscarded({ ...again, directory: join(s.dir, 'third') });
  assert.equal(third.branch, 'fix/issue-78-undo-2');
});

test('an undo that was killed before the files were back is finished by the next one, unless somebody works there', async (t) => {
  const s = scratch(t);
  const { removal, status } = await discarded(s, makeProject(s));
  const { repo, worktree, branch } = removal;
  const work = await onlyOne(removal);
  const half = async (): Promise<void> => {
    await beginUndo(repo, worktree, branch);
    await addWorktree({ repo, path: worktree, branch, baseCommit: work.tip ?? '', adopt: true });
  };
  await half();
  s.write('worktrees/issue-78/mine.txt', 'mine');
  const again = { repo, work, directory: worktree, branch };
  await assert.rejects(restoreDiscarded(again), { code: 'place-occupied' });
  assert.equal(readFileSync(join(worktree, 'mine.txt'), 'utf8'), 'mine');
  rmSync(join(worktree, 'mine.txt'));
  assert.deepEqual(await restoreDiscarded(again), { directory: worktree, branch });
  assert.equal(s.git(worktree, 'status', '--porcelain=v2', '--branch', '-z'), status);
  await assert.rejects(restoreDiscarded(again), { code: 'place-occupied' }, 'what is whole is nobody’s to take away');
});

test('a worktree that was discarded in the middle of a conflict comes back with its files', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  const repo = await open(s, root);
  const baseCommit = s.git(root, 'rev-parse', 'main');
  const removal = { repo, worktree: join(s.dir, 'w'), branch: 'fix/x', baseCommit, force: FORCE };
  await addWorktree({ repo, path: removal.worktree, branch: 'fix/x', baseCommit, adopt: false });
  commitFile(s, removal.worktree, 'README.md', 'ours\n', 'Ours');
  commitFile(s, root, 'README.md', 'theirs\n', 'Theirs');
  assert.throws(() => s.git(removal.worktree, 'merge', 'main'));
  const text = readFileSync(join(removal.worktree, 'README.md'), 'utf8');
  assert.equal((await removeWorktree(removal)).type, 'removed');
  await restoreDiscarded({ repo, work: await onlyOne(removal), directory: removal.worktree, branch: 'fix/x' });
  assert.match(text, /<<<<<<</);
  assert.equal(readFileSync(join(removal.worktree, 'README.md'), 'utf8'), text);
});

test('discarded work is forgotten after 30 days, and not a day before', async (t) => {
  const s = scratch(t);
  const { removal } = await discarded(s, makeProject(s));
  const at = Date.parse(FORCE.at);
  assert.deepEqual(await expireDiscarded(removal.repo, at + 29 * DAY_MS), []);
  assert.equal((await expireDiscarded(removal.repo, at + 31 * DAY_MS, true)).length, 2);
  assert.equal((await listDiscarded(removal.repo, null)).length, 1, 'a dry run deletes nothing');
  assert.equal((await expireDiscarded(removal.repo, at + 31 * DAY_MS)).length, 2);
  assert.deepEqual(await listDiscarded(removal.repo, null), []);
});
