import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { placeOf } from '../../src/cli/place.ts';
import { openRepository } from '../../src/git/repository.ts';

const env: Record<string, string> = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.invalid',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.invalid',
};

function scratch(t: TestContext): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-place-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const git = (cwd: string, ...args: string[]): void => {
  execFileSync('git', args, { cwd, env, stdio: 'ignore' });
};

describe('the place a command is typed in', () => {
  it('is the same repository that git finds: in a subdirectory, a worktree, through a link, beside a separate git directory', async (t) => {
    const root = scratch(t);
    const home = path.join(root, 'state');
    const main = path.join(root, 'main');
    mkdirSync(path.join(main, 'deep/er'), { recursive: true });
    git(main, 'init', '-q', '-b', 'main');
    git(main, 'commit', '-q', '--allow-empty', '-m', 'First');
    git(main, 'worktree', 'add', '-q', path.join(root, 'linked'), '-b', 'other');
    symlinkSync(main, path.join(root, 'link'));
    const separate = path.join(root, 'separate');
    mkdirSync(separate);
    git(separate, 'init', '-q', '--separate-git-dir', path.join(root, 'elsewhere.git'));

    for (const cwd of [
      main,
      path.join(main, 'deep/er'),
      path.join(root, 'linked'),
      path.join(root, 'link'),
      separate,
    ]) {
      const { key } = await openRepository(cwd, env);
      assert.deepEqual(placeOf(cwd, home), { inRepository: true, repoKey: null }, 'nothing was done here yet');
      mkdirSync(path.join(home, 'repos', key), { recursive: true });
      assert.deepEqual(placeOf(cwd, home), { inRepository: true, repoKey: key }, cwd);
      rmSync(home, { recursive: true });
    }
  });

  it('is none outside of a repository, also when the directory is gone', (t) => {
    const root = scratch(t);
    assert.deepEqual(placeOf(root, path.join(root, 'state')), { inRepository: false, repoKey: null });
    assert.deepEqual(placeOf(path.join(root, 'gone'), root), { inRepository: false, repoKey: null });
    // As a sandbox leaves it that protects a place where a repository might be.
    mkdirSync(path.join(root, '.git'));
    assert.deepEqual(placeOf(root, path.join(root, 'state')), { inRepository: false, repoKey: null });
  });
});
