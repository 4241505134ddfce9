import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { SESSION_MARKER, markedPids } from '../../src/process/marker.ts';
import { worktreeMarker } from '../../src/git/worktree-marker.ts';
import { listWorktrees } from '../../src/git/worktree-list.ts';
import { addWorktree } from '../../src/git/worktree.ts';
import { worktreeStatus } from '../../src/git/status.ts';
import { makeProject, open, scratch } from './scratch.ts';

const FILES = 150;

interface Place {
  readonly root: string;
  readonly path: string;
  readonly branch: string;
}

const entryOf = (place: Place, ...names: string[]): string =>
  join(place.root, '.git', 'worktrees', place.path.slice(place.path.lastIndexOf('/') + 1), ...names);
const countIn = (directory: string): number => (existsSync(directory) ? readdirSync(directory).length : 0);

/** Moments of a `worktree add`, each told by something that is on disk only from then on. */
const MOMENTS: readonly { readonly name: string; readonly reached: (place: Place) => boolean }[] = [
  { name: 'before git was asked anything', reached: () => true },
  { name: 'the branch exists', reached: (p) => existsSync(join(p.root, '.git', 'refs', 'heads', p.branch)) },
  { name: 'the entry exists', reached: (p) => existsSync(entryOf(p)) },
  { name: 'the entry is locked', reached: (p) => existsSync(entryOf(p, 'locked')) },
  { name: 'the entry knows its place', reached: (p) => existsSync(entryOf(p, 'gitdir')) },
  { name: 'the directory exists', reached: (p) => existsSync(p.path) },
  { name: 'the index is locked', reached: (p) => existsSync(entryOf(p, 'index.lock')) },
  { name: 'the first files are there', reached: (p) => countIn(join(p.path, 'files')) > 3 },
  { name: 'half of the files are there', reached: (p) => countIn(join(p.path, 'files')) > FILES / 2 },
  { name: 'the index is written', reached: (p) => existsSync(entryOf(p, 'index')) },
  {
    name: 'the entry is unlocked',
    reached: (p) => existsSync(entryOf(p, 'index')) && !existsSync(entryOf(p, 'locked')),
  },
];

/** Only the program, so that its git lives on as an orphan; or the program and every git it started. */
type Kill = 'program' | 'all';

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself between the look and the signal.
  }
}

/** Both ways of dying where git writes the most, by turns elsewhere: each round costs a checkout. */
const kinds = (index: number): readonly Kill[] =>
  index >= 6 && index <= 7 ? ['program', 'all'] : [index % 2 === 0 ? 'all' : 'program'];

test('kill -9 at any moment of making a worktree, then making it again, gives a whole worktree', async (t) => {
  if (process.platform !== 'linux') return t.skip('finds orphans by /proc');
  const s = scratch(t);
  const root = makeProject(s);
  for (let index = 0; index < FILES; index += 1)
    s.write(`project/files/${index}.txt`, `${'line\n'.repeat(20)}${index}\n`);
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'Many files');
  const base = s.git(root, 'rev-parse', 'HEAD');
  const repo = await open(s, root);
  let killedAlive = 0;

  for (const [index, moment] of MOMENTS.entries()) {
    for (const kill of kinds(index)) {
      const place: Place = {
        root,
        path: join(s.dir, 'worktrees', `t${index}-${kill}`),
        branch: `fix/t${index}-${kill}`,
      };
      const marker = worktreeMarker(place.path)[SESSION_MARKER] ?? '';
      const program = join(import.meta.dirname, 'add-worktree-child.ts');
      const child = spawn(process.execPath, [program, root, place.path, place.branch, base], {
        env: s.env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      let ended = false;
      void exited.then(() => (ended = true));
      await once(child.stdout, 'data');
      while (!moment.reached(place) && !ended) await delay(0);
      if (!ended) killedAlive += 1;
      child.kill('SIGKILL');
      if (kill === 'all') for (const pid of markedPids(marker)) killNow(pid);

      const what = `${moment.name}, killed ${kill}`;
      const made = await addWorktree({ repo, path: place.path, branch: place.branch, baseCommit: base, adopt: false });
      assert.equal(made.head, base, what);
      const status = await worktreeStatus(place.path, s.env);
      assert.deepEqual(
        [status.branch, status.head, status.dirty, status.untracked],
        [place.branch, base, [], []],
        what,
      );
      assert.equal(countIn(join(place.path, 'files')), FILES, what);
      const entry = (await listWorktrees(repo.git)).find((candidate) => candidate.path === place.path);
      assert.equal(entry?.locked, null, what);
      assert.deepEqual(markedPids(marker), [], what);
      const again = await addWorktree({ repo, path: place.path, branch: place.branch, baseCommit: base, adopt: false });
      assert.equal(again.created, false, what);
      s.git(place.path, 'commit', '-q', '--allow-empty', '-m', 'Work goes on');
      if (!ended) await exited;
    }
  }
  assert.ok(killedAlive >= 10, `only ${killedAlive} programs were killed while they lived`);
  s.git(root, 'fsck', '--no-dangling');
  assert.deepEqual(s.git(root, 'worktree', 'prune', '--dry-run'), '');
});
