import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
  const lock = join(commonDir, 'packed-refs.lock');
  const failing = takingLock(commonDir, 'packed-refs', () => {
    writeFileSync(lock, '');
    throw new Error('killed');
  });
  await assert.rejects(failing, /killed/);
  assert.deepEqual([existsSync(lock), ...notesIn(commonDir)], [false]);
});
