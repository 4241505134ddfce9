import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createGit } from '../../src/git/git.ts';
import { syncCommit, type CommittedWork } from '../../src/git/sync-commit.ts';
import { commitFile, makeProject, scratch } from './scratch.ts';

/** That it is enough is shown by the power losses in `faults/power-loss.test.ts`. */
describe('putting a commit on stable storage', () => {
  const work = (env: Record<string, string>, root: string, over: Partial<CommittedWork>): CommittedWork => ({
    git: createGit({ cwd: root, env }),
    worktree: root,
    commonDir: join(root, '.git'),
    branch: 'main',
    commit: 'HEAD',
    baseCommit: 'HEAD',
    ...over,
  });

  it('takes it loose or packed, on a branch that is packed, deleted, or in a worktree that is gone', async (t) => {
    const s = scratch(t);
    const root = makeProject(s);
    const baseCommit = s.git(root, 'rev-parse', 'HEAD');
    const worktree = join(s.dir, 'worktree');
    s.git(root, 'worktree', 'add', '-q', '-b', 'fix/x', worktree);
    const commit = commitFile(s, worktree, 'a.txt', 'a\n', 'fix: a');
    const one = work(s.env, root, { worktree, branch: 'fix/x', commit, baseCommit });
    await syncCommit(one);
    s.git(root, 'gc', '-q');
    assert.equal(existsSync(join(root, '.git/refs/heads/fix/x')), false, 'the branch is packed');
    await syncCommit(one);
    rmSync(worktree, { recursive: true });
    await syncCommit(one);
    s.git(root, 'worktree', 'prune');
    s.git(root, 'branch', '-q', '-D', 'fix/x');
    await syncCommit(one);
  });

  it('of which there is nothing says so', async (t) => {
    const s = scratch(t);
    const root = makeProject(s);
    const baseCommit = s.git(root, 'rev-parse', 'HEAD');
    await assert.rejects(syncCommit(work(s.env, root, { commit: '0'.repeat(39) + '1', baseCommit })), {
      code: 'git-failed',
    });
  });
});
