import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { tryLock, waitForLock } from '../../src/lock/file-lock.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-lock-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const HOLDER = `
  const { tryLock } = await import(process.argv[1]);
  const lock = await tryLock(process.argv[2]);
  process.stdout.write(lock === null ? 'held\\n' : 'taken\\n');
  if (lock === null) process.exit(0);
  setInterval(() => {}, 1000);
`;

async function contender(file: string): Promise<{ child: ChildProcess; word: string }> {
  const url = new URL('../../src/lock/file-lock.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, url, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const word = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())),
  );
  return { child, word };
}
const gone = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));

describe('a file lock', () => {
  it('whose path is too long says that, and not that its directory cannot be written', async () => {
    const deep = path.join(directory, ...Array.from({ length: 6 }, () => 'd'.repeat(100)));
    mkdirSync(deep, { recursive: true });
    await assert.rejects(tryLock(path.join(deep, 'host.lock')), { exitCode: 74, message: /is too long: \d+ bytes/ });
  });

  it('is held by one of several processes that start at once', async () => {
    const file = path.join(directory, 'one');
    const contenders = await Promise.all(Array.from({ length: 6 }, () => contender(file)));
    const winners = contenders.filter((one) => one.word === 'taken');
    assert.equal(winners.length, 1);
    for (const { child } of contenders) child.kill('SIGKILL');
    await Promise.all(contenders.map(({ child }) => gone(child)));
  });

  it('is kept by a holder that keeps nothing of it, whatever the garbage collector does', async (t) => {
    const file = path.join(directory, 'collected');
    const child = spawn(
      process.execPath,
      [
        '--expose-gc',
        '--input-type=module',
        '-e',
        `const { tryLock } = await import(process.argv[1]);
         await tryLock(process.argv[2]);
         for (let round = 0; round < 20; round += 1) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
         process.stdout.write('collected\\n');
         setInterval(() => {}, 1000);`,
        new URL('../../src/lock/file-lock.ts', import.meta.url).href,
        file,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    t.after(async () => {
      child.kill('SIGKILL');
      await gone(child);
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    assert.equal(await tryLock(file), null);
  });

  it('dies with its holder, even by SIGKILL', async () => {
    const file = path.join(directory, 'two');
    const { child, word } = await contender(file);
    assert.equal(word, 'taken');
    assert.equal(await tryLock(file), null);
    child.kill('SIGKILL');
    await gone(child);
    const lock = await tryLock(file);
    assert.notEqual(lock, null);
    lock?.release();
  });

  it('is waited for until it is free', async () => {
    const file = path.join(directory, 'three');
    const { child } = await contender(file);
    const waiting = waitForLock(file, { pollMs: 10 });
    child.kill('SIGKILL');
    const lock = await waiting;
    assert.notEqual(lock, null);
    lock?.release();
    await gone(child);
  });

  it('gives up waiting when it is told to', async () => {
    const file = path.join(directory, 'four');
    const { child } = await contender(file);
    const stop = new AbortController();
    const waiting = waitForLock(file, { pollMs: 10_000, signal: stop.signal });
    stop.abort();
    assert.equal(await waiting, null);
    child.kill('SIGKILL');
    await gone(child);
  });

  it('can be released twice and taken again', async () => {
    const file = path.join(directory, 'five');
    const lock = await tryLock(file);
    lock?.release();
    lock?.release();
    const again = await tryLock(file);
    assert.notEqual(again, null);
    again?.release();
  });
});
