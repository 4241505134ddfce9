import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { clearKilledLocks, takingLock } from '../../src/git/shared-lock.ts';
import { makeProject, scratch, type Scratch } from './scratch.ts';

const aged = (path: string, ageMs: number): void => {
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
};

/** A repository in which a program noted, so long ago, that it takes the configuration's lock, and was killed. */
function killed(s: Scratch, ageMs: number): { commonDir: string; lock: string; note: string } {
  const commonDir = join(makeProject(s), '.git');
  // No process has this number on Linux, where they end at 4194304.
  const note = join(commonDir, 'conduxt-takes-config-4194305-0123456789abcdef-1');
  writeFileSync(note, '');
  aged(note, ageMs);
  return { commonDir, lock: join(commonDir, 'config.lock'), note };
}

const notesIn = (commonDir: string): string[] => readdirSync(commonDir).filter((name) => name.includes('takes'));

test('the lock that a killed program left is removed, and its note with it', async (t) => {
  const { commonDir, lock, note } = killed(scratch(t), 60_000);
  writeFileSync(lock, '');
  aged(lock, 59_500);
  await clearKilledLocks(commonDir);
  assert.deepEqual([existsSync(lock), existsSync(note)], [false, false]);
});

for (const [what, lockAgeMs] of [
  ['that was there before it', 90_000],
  ['that was taken long after it', 30_000],
] as const)
  test(`a lock ${what} is somebody else's, and stays`, async (t) => {
    const { commonDir, lock, note } = killed(scratch(t), 60_000);
    writeFileSync(lock, '');
    aged(lock, lockAgeMs);
    await clearKilledLocks(commonDir);
    assert.deepEqual([existsSync(lock), existsSync(note)], [true, false]);
  });

test('a lock of a program that lives is left alone', async (t) => {
  const commonDir = join(makeProject(scratch(t)), '.git');
  const lock = join(commonDir, 'config.lock');
  await takingLock(commonDir, 'config', async () => {
    writeFileSync(lock, '');
    aged(lock, 2_000);
    aged(join(commonDir, notesIn(commonDir)[0] ?? ''), 2_500);
    await clearKilledLocks(commonDir);
    assert.ok(existsSync(lock));
    assert.equal(notesIn(commonDir).length, 1);
    rmSync(lock);
  });
  assert.deepEqual(notesIn(commonDir), []);
});

test('a git that was killed alone leaves no lock, and its failure is told', async (t) => {
  const commonDir = join(makeProject(scratch(t)), '.git');
  const left = ['packed-refs.lock', 'packed-refs.new'].map((name) => join(commonDir, name));
  const failing = takingLock(commonDir, 'packed-refs', () => {
    for (const path of left) writeFileSync(path, '');
    throw new ConduxtError('git-failed', 1, 'killed', { facts: { signal: 'SIGKILL' } });
  });
  await assert.rejects(failing, /killed/);
  assert.deepEqual([...left.map(existsSync), ...notesIn(commonDir)], [false, false]);
});

test('a lock that our git could not have stays: it is somebody else’s', async (t) => {
  const commonDir = join(makeProject(scratch(t)), '.git');
  const lock = join(commonDir, 'packed-refs.lock');
  const failing = takingLock(commonDir, 'packed-refs', () => {
    writeFileSync(lock, '');
    aged(lock, 2_000);
    throw new ConduxtError('git-failed', 1, 'File exists', { facts: { signal: null } });
  });
  await assert.rejects(failing, /File exists/);
  assert.deepEqual([existsSync(lock), ...notesIn(commonDir)], [true]);
});

test('a lock stays, with the note of who is suspected, as long as a person’s git works there', async (t) => {
  const s = scratch(t);
  const { commonDir, lock, note } = killed(s, 60_000);
  writeFileSync(lock, '');
  aged(lock, 59_500);
  const person = spawn('git', ['cat-file', '--batch'], { cwd: dirname(commonDir), env: s.env, stdio: 'pipe' });
  t.after(() => person.kill());
  person.stdin.write('HEAD\n');
  await once(person.stdout, 'data');
  await clearKilledLocks(commonDir);
  assert.deepEqual([existsSync(lock), existsSync(note)], [true, true]);
  person.stdin.end();
  await once(person, 'exit');
  await clearKilledLocks(commonDir);
  assert.deepEqual([existsSync(lock), existsSync(note)], [false, false]);
});

test('where no note can be written, git is run all the same, and says what is wrong', async (t) => {
  const commonDir = join(scratch(t).dir, 'is-not-there');
  assert.equal(await takingLock(commonDir, 'config', () => Promise.resolve('ran')), 'ran');
});
