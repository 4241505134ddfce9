import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, showCommand } from '../../src/process/run.ts';
import { cleanEnv, pidIn, program, runs, scratchDir, until } from './scratch.ts';

const node = (text: string, ...args: string[]): [string, string[]] => [process.execPath, ['-e', text, ...args]];

test('a failing program is data: exit code and both streams', async () => {
  const result = await run(
    ...node(`process.stdout.write('out\\n'); process.stderr.write('err'); process.exitCode = 3`),
    { cwd: '/', env: cleanEnv() },
  );
  assert.equal(result.exitCode, 3);
  assert.equal(result.stdout, 'out\n');
  assert.equal(result.stderr, 'err');
  assert.equal(result.startError, null);
});

test('a program that cannot be started says why', async () => {
  const result = await run('/nonexistent/program', [], { cwd: '/', env: cleanEnv() });
  assert.deepEqual([result.exitCode, result.signal, result.startError], [null, null, 'ENOENT']);
});

test('the environment is exactly the one given', async () => {
  const result = await run(...node(`process.stdout.write(Object.keys(process.env).sort().join())`), {
    cwd: '/',
    env: { ONLY: '1' },
  });
  assert.equal(result.stdout, 'ONLY');
});

test('arguments reach the program as they are, whatever a shell would make of them', async () => {
  const words = ['$HOME', '`id`', "a'b", 'two words', '*', ''];
  const result = await run(...node(`process.stdout.write(JSON.stringify(process.argv.slice(1)))`, ...words), {
    cwd: '/',
    env: cleanEnv(),
  });
  assert.deepEqual(JSON.parse(result.stdout), words);
});

test('input is written and closed', async () => {
  const result = await run('/bin/cat', [], { cwd: '/', env: cleanEnv(), input: 'hello' });
  assert.equal(result.stdout, 'hello');
});

test('a timeout ends the program and what it started', { skip: process.platform !== 'linux' }, async (t) => {
  const dir = await scratchDir(t);
  const pidFile = join(dir, 'pid');
  const child = await program(
    dir,
    'child.cjs',
    `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setTimeout(() => {}, 60_000);`,
  );
  const stop = new AbortController();
  const running = run(
    ...node(`require('node:child_process').spawn(process.execPath, [${JSON.stringify(child)}], { stdio: 'ignore' });
      setTimeout(() => {}, 60_000)`),
    { cwd: dir, env: cleanEnv(), signal: stop.signal, timeoutMs: 30_000 },
  );
  const pid = await pidIn(pidFile);
  stop.abort();
  const result = await running;
  assert.equal(result.signal, 'SIGKILL');
  await until('the grandchild is gone', () => !runs(pid));
});

test('output beyond the limit does not grow in memory', async () => {
  const result = await run(...node(`process.stdout.write('x'.repeat(1_000_000))`), {
    cwd: '/',
    env: cleanEnv(),
    maxOutputBytes: 1000,
  });
  assert.deepEqual([result.stdout, result.truncated], ['x'.repeat(1000), true]);
});

test('a program that goes on printing beyond the limit is ended, also when it does not listen', async () => {
  const result = await run('sh', ['-c', `trap '' TERM; yes`], { cwd: '/', env: cleanEnv(), maxOutputBytes: 10 });
  assert.deepEqual([result.stdout, result.exitCode === 0, result.truncated], ['y\ny\ny\ny\ny\n', false, true]);
});

test('a timeout is said, and is no truncation', async () => {
  const result = await run('sleep', ['60'], { cwd: '/', env: cleanEnv(), timeoutMs: 50 });
  assert.deepEqual([result.timedOut, result.truncated, result.signal, result.exitCode], [true, false, 'SIGKILL', null]);
});

test('characters that come in two pieces stay whole, and what is no text is kept as far as it can be', async () => {
  const bytes = `const b = Buffer.from('\ufeff\u00e4'); let at = 0;
    const t = setInterval(() => (at < b.length ? process.stdout.write(b.subarray(at, (at += 1))) : clearInterval(t)), 5);`;
  assert.equal((await run(...node(bytes), { cwd: '/', env: cleanEnv() })).stdout, '\ufeff\u00e4');
  assert.equal((await run('printf', ['a\\377b'], { cwd: '/', env: cleanEnv() })).stdout, 'a\ufffdb');
});

test('a program that does not read its input is no error', async () => {
  const input = Buffer.alloc(4 * 1024 * 1024, 'x');
  const result = await run('true', [], { cwd: '/', env: cleanEnv(), input });
  assert.deepEqual([result.exitCode, result.startError], [0, null]);
});

test('a directory that is not there, and words that no program can be given, are told like a missing program', async () => {
  const missing = await run('true', [], { cwd: '/nonexistent', env: cleanEnv() });
  assert.deepEqual([missing.exitCode, missing.startError], [null, 'ENOENT']);
  const tooLong = await run('true', ['x'.repeat(1024 * 1024)], { cwd: '/', env: cleanEnv() });
  assert.deepEqual([tooLong.exitCode, tooLong.startError], [null, 'E2BIG']);
});

test('a command is shown so that its words can be told apart', () => {
  assert.equal(showCommand('git', ['commit', '-m', 'a "b"', '']), 'git commit -m "a \\"b\\"" ""');
});

test('a timeout ends the wait, also for what left the process group and holds the output open', async (t) => {
  const dir = await scratchDir(t);
  const file = join(dir, 'pid');
  const child = `const { pid } = require('child_process').spawn('sleep', ['60'], { detached: true, stdio: 'inherit' });
    require('fs').writeFileSync(process.argv[1], String(pid)); setTimeout(() => {}, 60000)`;
  const result = await run(...node(child, file), { cwd: dir, env: cleanEnv(), timeoutMs: 1_000 });
  const pid = await pidIn(file);
  assert.ok(runs(pid), 'what left the group was to live on');
  process.kill(pid, 'SIGKILL');
  assert.equal(result.timedOut, true);
});
