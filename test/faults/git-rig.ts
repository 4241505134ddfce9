import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listDiscarded } from '../../src/git/discarded-work.ts';
import { commitFile, makeProjectWithRemote, open, type Scratch } from '../git/scratch.ts';
import { operate, type Operation } from './git-operation.ts';

/** A repository with a remote, in which git's great changes are made and killed. */
export interface Rig {
  /** Files that a change is made to. */
  readonly files: number;
  readonly s: Scratch;
  readonly root: string;
  readonly bare: string;
  readonly base: string;
}

export function rig(s: Scratch, files: number): Rig {
  const { root, bare } = makeProjectWithRemote(s);
  for (let index = 0; index < files; index += 1)
    s.write(`project/files/${index}.txt`, `${'line\n'.repeat(20)}${index}\n`);
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'Many files');
  s.git(root, 'push', '-q', 'origin', 'main');
  return { files, s, root, bare, base: s.git(root, 'rev-parse', 'HEAD') };
}

/** Everything that has to be there before the operation. */
export async function arrange(
  { files, s, root, base }: Rig,
  name: Operation['name'],
  index: number,
): Promise<Operation> {
  const id = `${name}-${index}`;
  const worktree = path.join(s.dir, 'worktrees', id);
  const plan = { name, root, worktree, branch: `fix/${id}`, baseCommit: base, session: `s-${id}`, commit: base };
  if (name === 'make') return plan;
  if (name === 'fresh') {
    mkdirSync(path.dirname(worktree), { recursive: true });
    return plan;
  }
  await operate({ ...plan, name: 'make' }, s.env);
  const commit = commitFile(s, worktree, 'done.txt', 'done', 'Work');
  if (name === 'push') return { ...plan, commit };
  writeFileSync(path.join(worktree, 'README.md'), 'staged');
  s.git(worktree, 'add', 'README.md');
  writeFileSync(path.join(worktree, 'README.md'), 'changed after staging');
  rmSync(path.join(worktree, 'src/add.js'));
  for (let number = 0; number < files; number += 1)
    writeFileSync(path.join(worktree, 'files', `${number}.txt`), `changed ${number}`);
  mkdirSync(path.join(worktree, 'deep'));
  writeFileSync(path.join(worktree, 'deep', 'notes ü.txt'), 'notes');
  if (name === 'undo' || name === 'expire') await operate({ ...plan, name: 'discard' }, s.env);
  return { ...plan, commit };
}

/** Fails unless the operation is whole. */
export const DONE: Readonly<Record<Operation['name'], (rig: Rig, operation: Operation) => Promise<void>>> = {
  make: ({ s, base }, { worktree, branch }) => {
    assert.equal(s.git(worktree, 'status', '--porcelain=v2'), '');
    assert.deepEqual(
      [s.git(worktree, 'rev-parse', 'HEAD'), s.git(worktree, 'branch', '--show-current')],
      [base, branch],
    );
    return Promise.resolve();
  },
  discard: async ({ files: count, s, root }, { worktree, branch, commit, session }) => {
    const siblings = readdirSync(path.dirname(worktree)).filter((name) => name.includes(path.basename(worktree)));
    assert.deepEqual(siblings, []);
    assert.equal(s.git(root, 'for-each-ref', `refs/heads/${branch}`), '');
    assert.ok(!s.git(root, 'worktree', 'list', '--porcelain').includes(worktree));
    // Whichever attempt saved them: nothing of the work is gone.
    const kept = await listDiscarded(await open(s, root), session);
    const files = kept.find((work) => work.worktree !== null)?.worktree;
    assert.ok(files !== undefined && files !== null, 'no snapshot of the files');
    assert.equal(s.git(root, 'show', `${files.commit}:README.md`), 'changed after staging');
    assert.equal(s.git(root, 'show', `${files.commit}:deep/notes ü.txt`), 'notes');
    assert.equal(s.git(root, 'show', `${files.commit}:files/${count - 1}.txt`), `changed ${count - 1}`);
    assert.equal(s.git(root, 'show', `${files.index}:README.md`), 'staged');
    assert.ok(
      kept.some(({ tip }) => tip === commit),
      'no snapshot of the branch',
    );
  },
  undo: ({ files, s }, { worktree, branch, commit }) => {
    assert.deepEqual(
      [s.git(worktree, 'rev-parse', 'HEAD'), s.git(worktree, 'branch', '--show-current')],
      [commit, branch],
    );
    assert.equal(readFileSync(path.join(worktree, 'README.md'), 'utf8'), 'changed after staging');
    assert.equal(readFileSync(path.join(worktree, 'deep', 'notes ü.txt'), 'utf8'), 'notes');
    assert.equal(s.git(worktree, 'show', ':README.md'), 'staged');
    const changed = s.git(worktree, 'status', '--porcelain', '--untracked-files=all').split('\n');
    assert.equal(changed.length, files + 3, changed.slice(0, 8).join(', '));
    return Promise.resolve();
  },
  expire: async ({ s, root }, { session }) => assert.deepEqual(await listDiscarded(await open(s, root), session), []),
  push: ({ s, bare, root }, { branch, commit }) => {
    assert.equal(s.git(bare, 'rev-parse', `refs/heads/${branch}`), commit);
    assert.equal(s.git(root, 'config', `branch.${branch}.merge`), `refs/heads/${branch}`);
    s.git(bare, 'fsck', '--no-dangling', '--connectivity-only');
    return Promise.resolve();
  },
  fresh: ({ s, root }, { worktree }) => {
    assert.equal(s.git(root, 'worktree', 'list').split('\n').length, 1);
    assert.deepEqual(readdirSync(path.join(root, '.git', 'worktrees')), []);
    assert.ok(!existsSync(worktree));
    return Promise.resolve();
  },
};

/** What a git that was killed under a lock leaves, and no other git takes away. */
export const locksIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.lock$|packed-refs\.new$|conduxt-takes-/.test(name),
  );
