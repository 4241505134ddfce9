import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { listDiscarded } from '../../src/git/discarded-work.ts';
import { worktreeMarker } from '../../src/git/worktree-marker.ts';
import { markedPids, SESSION_MARKER } from '../../src/process/marker.ts';
import { commitFile, makeProjectWithRemote, open, scratch, type Scratch } from '../git/scratch.ts';
import { operate, operations, type Operation } from './git-operation.ts';

const FULL = process.env['FAULTS'] === 'all';
/** Moments, evenly spread over the time that the whole operation takes. */
const MOMENTS = FULL ? 31 : 2;
const FILES = 150;

/** Only the program, so that its git lives on as an orphan; or the program and every git it started. */
const victims = ['all', 'program'] as const;

interface Rig {
  readonly s: Scratch;
  readonly root: string;
  readonly bare: string;
  readonly base: string;
}

function rig(s: Scratch): Rig {
  const { root, bare } = makeProjectWithRemote(s);
  for (let index = 0; index < FILES; index += 1)
    s.write(`project/files/${index}.txt`, `${'line\n'.repeat(20)}${index}\n`);
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'Many files');
  s.git(root, 'push', '-q', 'origin', 'main');
  return { s, root, bare, base: s.git(root, 'rev-parse', 'HEAD') };
}

/** Everything that has to be there before the operation. */
async function arrange({ s, root, base }: Rig, name: Operation['name'], index: number): Promise<Operation> {
  const id = `${name}-${index}`;
  const worktree = path.join(s.dir, 'worktrees', id);
  const plan = { name, root, worktree, branch: `fix/${id}`, baseCommit: base, session: `s-${id}`, commit: base };
  if (name === 'make') return plan;
  await operate({ ...plan, name: 'make' }, s.env);
  const commit = commitFile(s, worktree, 'done.txt', 'done', 'Work');
  if (name === 'push') return { ...plan, commit };
  writeFileSync(path.join(worktree, 'README.md'), 'staged');
  s.git(worktree, 'add', 'README.md');
  writeFileSync(path.join(worktree, 'README.md'), 'changed after staging');
  rmSync(path.join(worktree, 'src/add.js'));
  for (let number = 0; number < FILES; number += 1)
    writeFileSync(path.join(worktree, 'files', `${number}.txt`), `changed ${number}`);
  mkdirSync(path.join(worktree, 'deep'));
  writeFileSync(path.join(worktree, 'deep', 'notes ü.txt'), 'notes');
  if (name === 'undo') await operate({ ...plan, name: 'discard' }, s.env);
  return { ...plan, commit };
}

/** Kills it so many milliseconds after it began; null lets it end. @returns how long it lived, and whether it was killed. */
async function operateAndKill(
  s: Scratch,
  operation: Operation,
  afterMs: number | null,
  victim: (typeof victims)[number],
): Promise<{ readonly ms: number; readonly killed: boolean }> {
  const marker = `kill-${operation.session}`;
  const program = path.join(import.meta.dirname, 'git-operation.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(operation)], {
    env: { ...s.env, [SESSION_MARKER]: marker },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  const begin = performance.now();
  if (afterMs !== null) {
    await Promise.race([delay(afterMs), exited]);
    child.kill('SIGKILL');
    if (victim === 'all') killMarked(marker, worktreeMarker(operation.worktree)[SESSION_MARKER] ?? '');
  }
  await exited;
  return { ms: performance.now() - begin, killed: child.signalCode === 'SIGKILL' };
}

/** Until nothing is found: a git that is just being started carries its marker a moment later. */
function killMarked(...markers: readonly string[]): void {
  for (let pids = markers.flatMap(markedPids); pids.length > 0; pids = markers.flatMap(markedPids))
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself between the look and the signal.
      }
    }
}

const DONE: Readonly<Record<Operation['name'], (rig: Rig, operation: Operation) => Promise<void>>> = {
  make: ({ s, base }, { worktree, branch }) => {
    assert.equal(s.git(worktree, 'status', '--porcelain=v2'), '');
    assert.deepEqual(
      [s.git(worktree, 'rev-parse', 'HEAD'), s.git(worktree, 'branch', '--show-current')],
      [base, branch],
    );
    return Promise.resolve();
  },
  discard: async ({ s, root }, { worktree, branch, commit, session }) => {
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
    assert.equal(s.git(root, 'show', `${files.commit}:files/${FILES - 1}.txt`), `changed ${FILES - 1}`);
    assert.equal(s.git(root, 'show', `${files.index}:README.md`), 'staged');
    assert.ok(
      kept.some(({ tip }) => tip === commit),
      'no snapshot of the branch',
    );
  },
  undo: ({ s }, { worktree, branch, commit }) => {
    assert.deepEqual(
      [s.git(worktree, 'rev-parse', 'HEAD'), s.git(worktree, 'branch', '--show-current')],
      [commit, branch],
    );
    assert.equal(readFileSync(path.join(worktree, 'README.md'), 'utf8'), 'changed after staging');
    assert.equal(readFileSync(path.join(worktree, 'deep', 'notes ü.txt'), 'utf8'), 'notes');
    assert.equal(s.git(worktree, 'show', ':README.md'), 'staged');
    const changed = s.git(worktree, 'status', '--porcelain', '--untracked-files=all').split('\n');
    assert.equal(changed.length, FILES + 3, changed.slice(0, 8).join(', '));
    return Promise.resolve();
  },
  push: ({ s, bare, root }, { branch, commit }) => {
    assert.equal(s.git(bare, 'rev-parse', `refs/heads/${branch}`), commit);
    assert.equal(s.git(root, 'config', `branch.${branch}.merge`), `refs/heads/${branch}`);
    s.git(bare, 'fsck', '--no-dangling', '--connectivity-only');
    return Promise.resolve();
  },
};

/** Does it again, as the next host or command does. @returns what is not whole then. */
async function problemAfter(all: Rig, operation: Operation): Promise<string | null> {
  const outcome = await operate(operation, all.s.env).catch((error: unknown) => String(error));
  killMarked(`kill-${operation.session}`);
  try {
    // An undo that had come to its end before it was killed finds its place taken; a push always says that it is there.
    if (operation.name === 'push')
      assert.ok(outcome !== null && typeof outcome === 'object' && outcome.type === 'pushed');
    await DONE[operation.name](all, operation);
    return null;
  } catch (error) {
    return `${JSON.stringify(outcome)}; ${String(error)}`;
  }
}

const locksIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));

describe('kill -9 at any moment of what git does for us', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  for (const name of operations)
    it(`${name}: doing it again makes it whole, ${MOMENTS} times`, { timeout: 600_000 }, async (t) => {
      const all = rig(scratch(t));
      const { ms } = await operateAndKill(all.s, await arrange(all, name, 999), null, 'program');
      const wrong: string[] = [];
      let killed = 0;
      let wholeMs = ms;
      for (let index = 0; killed < MOMENTS && index < 2 * MOMENTS; index += 1) {
        const operation = await arrange(all, name, index);
        const afterMs = (wholeMs * (killed + 0.5)) / MOMENTS;
        const victim = victims[index % 2] ?? 'all';
        const ran = await operateAndKill(all.s, operation, afterMs, victim);
        if (ran.killed) killed += 1;
        // The machine has more time for it than a moment ago: the same moment again.
        else wholeMs = Math.min(wholeMs * 0.9, ran.ms);
        const problem = await problemAfter(all, operation);
        if (problem !== null)
          wrong.push(`${victim} after ${Math.round(afterMs)} of ${Math.round(wholeMs)} ms: ${problem}`);
      }
      all.s.git(all.root, 'fsck', '--no-dangling');
      const locks = [...locksIn(path.join(all.root, '.git')), ...locksIn(all.bare)];
      t.diagnostic(`${name}: killed ${killed} of ${MOMENTS} times on its way, ${wrong.length} not whole after it`);
      assert.deepEqual([wrong, locks], [[], []]);
      assert.equal(killed, MOMENTS, 'it was too quick to be killed');
    });
});
