import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { addScratchWorktree, removeScratchWorktree } from '../../src/git/scratch-worktree.ts';
import { makeProject, open, scratch } from './scratch.ts';

/** What `git worktree add` writes, in its order; it can be killed before and behind each, and each can be empty yet. */
const WRITTEN = ['entry/locked', 'place/.git', 'entry/gitdir', 'entry/HEAD', 'entry/commondir', 'entry/index.lock'];

const LONG_AGO = new Date(Date.now() - 3_600_000);

describe('a scratch worktree whose making was cut short', () => {
  const moments = WRITTEN.flatMap((last, index) => [
    { what: `with an empty ${last}`, written: WRITTEN.slice(0, index), empty: last },
    { what: `behind ${last}`, written: WRITTEN.slice(0, index + 1), empty: null },
  ]);
  for (const { what, written, empty } of [{ what: 'before the first file', written: [], empty: null }, ...moments])
    it(`is cleared and made anew: ${what}`, async (t) => {
      const s = scratch(t);
      const root = makeProject(s);
      const repo = await open(s, root);
      const place = { commonDir: repo.commonDir, path: path.join(s.dir, 'checkout') };
      const entry = path.join(repo.commonDir, 'worktrees', 'checkout');
      const contents: Record<string, string> = {
        'entry/locked': 'initializing',
        'place/.git': `gitdir: ${entry}\n`,
        'entry/gitdir': `${path.join(place.path, '.git')}\n`,
        'entry/HEAD': `${s.git(root, 'rev-parse', 'HEAD')}\n`,
        'entry/commondir': '../..\n',
        'entry/index.lock': 'x',
      };
      const plant = (file: string, text: string): void =>
        writeFileSync(file.replace(/^place/, place.path).replace(/^entry/, entry), text);
      for (const directory of [place.path, entry]) mkdirSync(directory, { recursive: true });
      for (const file of written) plant(file, contents[file] ?? '');
      if (empty !== null) plant(empty, '');
      utimesSync(entry, LONG_AGO, LONG_AGO);
      await removeScratchWorktree(place);
      assert.deepEqual([readdirSync(path.dirname(entry)), existsSync(place.path)], [[], false]);
      await addScratchWorktree(repo.git, place, 'HEAD');
      assert.equal(s.git(place.path, 'status', '--porcelain'), '');
      assert.equal(s.git(root, 'worktree', 'list').split('\n').length, 2);
    });
});

describe('removing a scratch worktree', () => {
  it("leaves a person's worktree of the same name, whole or with its directory away", async (t) => {
    const s = scratch(t);
    const root = makeProject(s);
    const repo = await open(s, root);
    for (const directory of ['one', 'two'])
      s.git(root, 'worktree', 'add', '-q', '--detach', `../${directory}/checkout`);
    rmSync(path.join(s.dir, 'two'), { recursive: true });
    const list = s.git(root, 'worktree', 'list');
    const place = { commonDir: repo.commonDir, path: path.join(s.dir, 'checkout') };
    await addScratchWorktree(repo.git, place, 'HEAD');
    await removeScratchWorktree(place);
    await removeScratchWorktree(place);
    assert.equal(s.git(root, 'worktree', 'list'), list);
  });
});
