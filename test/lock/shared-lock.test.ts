import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SharedLock } from '../../src/lock/shared-lock.ts';

const env = { PATH: process.env['PATH'] ?? '' };
const skip = spawnSync('flock', ['--version']).error === undefined ? false : 'flock is not installed';

function lockFile(t: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'conduxt-shared-lock-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return path.join(root, 'deep', 'agent.lock');
}

function lockOn(t: TestContext, file: string): SharedLock {
  const lock = new SharedLock(file, env);
  t.after(() => lock.close());
  return lock;
}

/** Whether flock, as any script would call it, gets the lock at once. */
const isFree = (file: string): boolean => spawnSync('flock', ['--nonblock', file, 'true'], { env }).status === 0;

/** Descriptors of this process that are open on `file`. */
const openOn = (file: string): string[] =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      // The one that reads the directory.
      return false;
    }
  });

describe('the shared lock', { skip }, () => {
  it('keeps flock out until it is released, and its file stays open for the next time', async (t) => {
    const file = lockFile(t);
    const lock = lockOn(t, file);
    assert.equal(await lock.take(0), 'taken');
    assert.equal(isFree(file), false);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const open = openOn(file);
    await lock.release();
    assert.equal(isFree(file), true);
    assert.deepEqual(openOn(file), open, 'it was closed in between');
    assert.equal(await lock.take(0), 'taken');
    assert.equal(isFree(file), false);
    lock.close();
    assert.equal(isFree(file), true);
  });

  it('tells "not in time" from "taken", and from "nobody wants it any more"', async (t) => {
    const file = lockFile(t);
    const holder = lockOn(t, file);
    const other = lockOn(t, file);
    await holder.take(0);
    assert.equal(await other.take(0), 'held-elsewhere');
    const began = performance.now();
    assert.equal(await other.take(300), 'held-elsewhere');
    assert.ok(performance.now() - began >= 290);
    const leave = new AbortController();
    const waiting = other.take(60_000, leave.signal);
    leave.abort();
    assert.equal(await waiting, 'aborted');
    await holder.release();
    assert.equal(isFree(file), true, 'who gave up waiting holds it');
  });

  it('is handed on to who waits as soon as it is released', async (t) => {
    const file = lockFile(t);
    const holder = lockOn(t, file);
    const other = lockOn(t, file);
    await holder.take(0);
    const waiting = other.take(60_000);
    await holder.release();
    assert.equal(await waiting, 'taken');
    assert.equal(await holder.take(0), 'held-elsewhere');
  });

  it('is free when its holder is killed', async (t) => {
    const file = lockFile(t);
    const source = path.resolve(import.meta.dirname, '../../src/lock/shared-lock.ts');
    const program = `const { SharedLock } = await import(${JSON.stringify(source)});
      await new SharedLock(process.argv[1], process.env).take(0); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', program, file], { env });
    t.after(() => holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    assert.equal(isFree(file), false);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    assert.equal(await lockOn(t, file).take(5_000), 'taken');
  });

  it('says what is missing, and where it may not write', async (t) => {
    const file = lockFile(t);
    const without = new SharedLock(file, { PATH: '/nowhere' });
    await assert.rejects(without.take(0), { code: 'no-flock', exitCode: 5 });
    without.close();
    if (process.getuid?.() === 0) return;
    chmodSync(path.dirname(file), 0o500);
    const other = path.join(path.dirname(file), 'not-there', 'lock');
    await assert.rejects(lockOn(t, other).take(0), { code: 'lock-unwritable', exitCode: 74 });
    assert.ok(!existsSync(other));
  });
});
