import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { worktreeMarker } from '../../src/git/worktree-marker.ts';
import { markedPids, SESSION_MARKER } from '../../src/process/marker.ts';
import { scratch, type Scratch } from '../git/scratch.ts';
import { operate, operations, type Operation } from './git-operation.ts';
import { arrange, DONE, locksIn, rig, type Rig } from './git-rig.ts';

const FULL = process.env['FAULTS'] === 'all';
/** Moments, evenly spread over the time that the whole operation takes. */
const MOMENTS = FULL ? 31 : 2;
/** A short operation is often over before its moment comes. */
const MOST_TRIES = 6;
const FILES = 150;

/** Only the program, so that its git lives on as an orphan; or the program and every git it started. */
const victims = ['all', 'program'] as const;

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

describe('kill -9 at any moment of what git does for us', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  for (const name of operations)
    it(`${name}: doing it again makes it whole, ${MOMENTS} times`, { timeout: 600_000 }, async (t) => {
      const all = rig(scratch(t), FILES);
      const { ms } = await operateAndKill(all.s, await arrange(all, name, 999), null, 'program');
      const wrong: string[] = [];
      let killed = 0;
      let wholeMs = ms;
      for (let index = 0; killed < MOMENTS && index < MOST_TRIES * MOMENTS; index += 1) {
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
