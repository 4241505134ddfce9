import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import type { VerifyCommand } from '../../src/session/record.ts';
import type { Receipt } from '../../src/session/receipt.ts';
import { verify, type VerifyInput } from '../../src/verify/verify.ts';
import { objectTree } from './object-tree.ts';
import { numberIn, realRepository, runs, type RealRepository } from './real-repository.ts';

const shell = (line: string): VerifyCommand => ({ type: 'shell', line });
const argv = (...words: string[]): VerifyCommand => ({ type: 'argv', argv: words });

let marks = 0;
/** Verifies the repository's HEAD against its first commit. */
async function verified(
  repo: RealRepository,
  command: VerifyCommand,
  more: Partial<VerifyInput> & { readonly timeoutMs?: number; readonly runner?: string | null } = {},
): Promise<Receipt> {
  const base = repo.git('rev-list', '--max-parents=0', 'HEAD');
  const { timeoutMs = 30_000, runner = null, ...input } = more;
  marks += 1;
  return verify({
    worktree: repo.path,
    plan: { type: 'command', command, from: 'detected', runner, timeoutMs },
    baseTree: objectTree({}),
    env: repo.env,
    logFile: join(repo.dir, `verify-${marks}.log`),
    sessionId: `s-verify-test-${process.pid}-${marks}`,
    signal: new AbortController().signal,
    now: () => '2025-01-01T00:00:00.000Z',
    astray: async () => null,
    head: repo.head,
    dirty: repo.dirty,
    changed: async () =>
      repo
        .git('diff', '--name-only', base, 'HEAD')
        .split('\n')
        .filter((file) => file !== ''),
    ...input,
  });
}

/** A repository with one commit on top of the base. */
function changed(t: TestContext, files: Readonly<Record<string, string>> = {}): RealRepository {
  const repo = realRepository(t);
  repo.commit({ 'b.txt': 'b\n', ...files });
  return repo;
}

const PASSING = "import { test } from 'node:test';\ntest('adds', () => {});\n";
const FAILING =
  "import { test } from 'node:test';\nimport assert from 'node:assert';\ntest('adds', () => assert.equal(1, 2));\n";

describe('a verification', () => {
  it('of passing tests is green, with commit, counts, and the hash of its log', async (t) => {
    const repo = changed(t, { 'test/a.test.mjs': PASSING });
    const receipt = await verified(repo, argv(process.execPath, '--test'), { runner: 'npm' });
    assert.deepEqual(receipt.verdict, { type: 'green' });
    assert.equal(receipt.commit, await repo.head());
    assert.equal(receipt.command, `${process.execPath} --test`);
    assert.deepEqual(receipt.counts, { passed: 1, failed: 0, skipped: 0 });
    assert.equal(receipt.exitCode, 0);
    assert.ok(receipt.durationMs > 0 && Number.isInteger(receipt.durationMs));
    assert.deepEqual(receipt.changedJudges, ['test/a.test.mjs']);
    const log = readFileSync(receipt.logFile);
    assert.equal(receipt.logSha256, createHash('sha256').update(log).digest('hex'));
    assert.match(log.toString(), /adds/);
    assert.equal(statSync(receipt.logFile).mode & 0o777, 0o600);
    assert.equal('changedByTests' in receipt, false);
  });

  it('of failing tests is red and shows the failing part', async (t) => {
    const repo = changed(t, { 'test/a.test.mjs': FAILING });
    const receipt = await verified(repo, argv(process.execPath, '--test'));
    assert.equal(receipt.verdict.type, 'red');
    assert.ok(receipt.verdict.type === 'red' && /failing tests|not ok/.test(receipt.verdict.excerpt));
    assert.deepEqual(receipt.counts, { passed: 0, failed: 1, skipped: 0 });
  });

  it('is red when failures were counted although the command ended well', async (t) => {
    const receipt = await verified(changed(t), shell('printf "  3 passing (1ms)\\n  1 failing\\n" || true'));
    assert.equal(receipt.verdict.type, 'red');
    assert.equal(receipt.exitCode, 0);
  });

  it('is red when the command failed although no failure was counted', async (t) => {
    const receipt = await verified(changed(t), shell('echo "5 passed, 0 failed"; exit 3'));
    assert.equal(receipt.verdict.type, 'red');
    assert.equal(receipt.exitCode, 3);
  });

  it('of a runner that ran nothing is no pass', async (t) => {
    const receipt = await verified(changed(t), shell('echo "0 passing (1ms)" | sed "s/^/  /"'));
    assert.equal(receipt.verdict.type, 'no-tests');
    assert.deepEqual(receipt.counts, { passed: 0, failed: 0, skipped: 0 });
  });

  it('of a runner that skipped everything is no pass', async (t) => {
    const receipt = await verified(changed(t), shell('echo "===== 3 skipped in 0.10s ====="'));
    assert.equal(receipt.verdict.type, 'no-tests');
  });

  it('passes without counts when the command ends well and says nothing about them', async (t) => {
    const receipt = await verified(changed(t), shell('echo all good'));
    assert.deepEqual(receipt.verdict, { type: 'green' });
    assert.equal(receipt.counts, null);
  });

  it('refuses a tree with uncommitted changes and runs nothing', async (t) => {
    const repo = changed(t);
    repo.write({ 'a.txt': 'changed\n', 'new.txt': 'new\n' });
    const receipt = await verified(repo, shell('touch ran'));
    assert.deepEqual(receipt.verdict, { type: 'dirty', files: ['a.txt', 'new.txt'] });
    assert.equal(receipt.exitCode, null);
    assert.deepEqual(await repo.dirty(), { dirty: ['a.txt'], untracked: ['new.txt'] });
  });

  it('does not mind files that git ignores', async (t) => {
    const repo = changed(t, { '.gitignore': 'build/\n' });
    repo.write({ 'build/out.js': 'x' });
    assert.equal((await verified(repo, shell('true'))).verdict.type, 'green');
  });

  it('of a branch without a commit of its own is no change', async (t) => {
    const receipt = await verified(realRepository(t), shell('touch ran'));
    assert.deepEqual(receipt.verdict, { type: 'no-change' });
    assert.equal(receipt.logSha256, createHash('sha256').digest('hex'));
  });

  it('of uncommitted work on the base names the files, not the missing commit', async (t) => {
    const repo = realRepository(t);
    repo.write({ 'a.txt': 'changed\n' });
    assert.equal((await verified(repo, shell('true'))).verdict.type, 'dirty');
  });

  it('names the tracked files that the tests changed, and holds nothing they left against the next verification', async (t) => {
    const repo = changed(t);
    const first = await verified(repo, shell('echo report > report.xml; echo b > a.txt; exit 1'));
    assert.equal(first.verdict.type, 'red');
    assert.deepEqual(first.changedByTests, ['a.txt']);
    repo.git('commit', '-q', '--allow-empty', '-m', 'Fix');
    assert.deepEqual((await verified(repo, shell('true'))).verdict, { type: 'green' });
  });

  it('does hold them against it once somebody changed them', async (t) => {
    const repo = changed(t);
    await verified(repo, shell('echo report > report.xml'));
    repo.write({ 'report.xml': 'by hand\n' });
    assert.deepEqual((await verified(repo, shell('true'))).verdict, { type: 'dirty', files: ['report.xml'] });
  });

  it('keeps apart what tests left in two worktrees with one log directory', async (t) => {
    const repo = changed(t);
    await verified(repo, shell('echo report > report.xml'));
    const other = changed(t);
    await verified(other, shell('true'), { logFile: join(repo.dir, 'other.log') });
    assert.deepEqual((await verified(repo, shell('true'))).verdict, { type: 'green' });
  });

  it('notices that the commit moved meanwhile', async (t) => {
    const repo = changed(t);
    const receipt = await verified(repo, shell('git commit -q --allow-empty -m sneaked'));
    assert.deepEqual(receipt.verdict, { type: 'head-moved', now: await repo.head() });
    assert.notEqual(receipt.commit, await repo.head());
  });

  it('of a program that is not there says so', async (t) => {
    const receipt = await verified(changed(t), argv('conduxt-no-such-program', 'test'));
    assert.deepEqual(receipt.verdict, { type: 'not-runnable', reason: 'the program was not found on the PATH' });
  });

  it('of a program that may not be run says so', async (t) => {
    const repo = changed(t, { 'gradlew.sh': '#!/bin/sh\n' });
    chmodSync(join(repo.path, 'gradlew.sh'), 0o644);
    const receipt = await verified(repo, argv('./gradlew.sh'));
    assert.deepEqual(receipt.verdict, { type: 'not-runnable', reason: 'the program may not be executed' });
  });

  it('passes detected arguments as they are, and gives only a written line to a shell', async (t) => {
    const repo = changed(t);
    const receipt = await verified(
      repo,
      argv(process.execPath, '-e', 'console.log(process.argv[1])', '$(touch owned); *'),
    );
    assert.equal(readFileSync(receipt.logFile, 'utf8'), '$(touch owned); *\n');
    assert.deepEqual(await repo.dirty(), { dirty: [], untracked: [] });
  });

  it('ends a run that takes too long, also a grandchild that ignores TERM and left the group', async (t) => {
    if (process.platform !== 'linux') return t.skip('processes outside the group are found on Linux only');
    const repo = changed(t);
    const pids = ['stubborn', 'setsid'].map((name) => join(repo.dir, name));
    const program = `
      const { spawn } = require('node:child_process');
      const stubborn = "process.on('SIGTERM', () => {}); require('node:fs').writeFileSync(process.argv[1], process.pid + '\\\\n'); setInterval(() => {}, 1000)";
      spawn(process.execPath, ['-e', stubborn, process.argv[1]], { stdio: 'inherit' });
      spawn(process.execPath, ['-e', stubborn, process.argv[2]], { stdio: 'inherit', detached: true });
      setInterval(() => {}, 1000);`;
    const running = verified(repo, argv(process.execPath, '-e', program, ...pids), { timeoutMs: 1500 });
    const [stubborn = 0, away = 0] = await Promise.all(pids.map(numberIn));
    t.after(() => [stubborn, away].filter(runs).forEach((pid) => process.kill(pid, 'SIGKILL')));
    const receipt = await running;
    assert.equal(receipt.verdict.type, 'timeout');
    assert.deepEqual([runs(stubborn), runs(away)], [false, false]);
  });

  it('ends what a finished run left in the background', async (t) => {
    const repo = changed(t);
    const pidFile = join(repo.dir, 'pid');
    const receipt = await verified(repo, shell(`sleep 300 & echo $! > '${pidFile}'; echo "2 passed, 0 failed"`));
    assert.equal(receipt.verdict.type, 'green');
    assert.equal(runs(await numberIn(pidFile)), false);
  });

  it('ends its run when it is aborted', async (t) => {
    const repo = changed(t);
    const pidFile = join(repo.dir, 'pid');
    const stop = new AbortController();
    const running = verified(repo, shell(`echo $$ > '${pidFile}'; sleep 300`), { signal: stop.signal });
    const pid = await numberIn(pidFile);
    stop.abort();
    assert.notEqual((await running).verdict.type, 'green');
    assert.equal(runs(pid), false);
  });

  it('does nothing when it was aborted before', async (t) => {
    const stop = new AbortController();
    stop.abort();
    const receipt = await verified(changed(t), shell('sleep 300'), { signal: stop.signal });
    assert.notEqual(receipt.verdict.type, 'green');
  });

  it('keeps a long output on disk and reads the summary at its end', async (t) => {
    const repo = changed(t);
    const print = "for (let i = 0; i < 60000; i++) console.log('x'.repeat(50)); console.log('7 passed, 0 failed')";
    const receipt = await verified(repo, argv(process.execPath, '-e', print));
    assert.deepEqual(receipt.counts, { passed: 7, failed: 0, skipped: 0 });
    assert.equal(statSync(receipt.logFile).size, 60000 * 51 + '7 passed, 0 failed\n'.length);
    assert.equal(receipt.logSha256, createHash('sha256').update(readFileSync(receipt.logFile)).digest('hex'));
  });

  it('fails loudly when its log cannot be written, and leaves nothing running', async (t) => {
    const repo = changed(t);
    mkdirSync(join(repo.dir, 'gone'));
    rmSync(join(repo.dir, 'gone'), { recursive: true });
    await assert.rejects(
      verified(repo, shell('true'), { logFile: join(repo.dir, 'gone', 'verify.log') }),
      (error) => error instanceof ConduxtError && error.code === 'log-not-written' && error.exitCode === 74,
    );
    if (process.platform !== 'linux') return;
    const pidFile = join(repo.dir, 'pid');
    const full = verified(repo, shell(`echo $$ > '${pidFile}'; echo words; sleep 300`), { logFile: '/dev/full' });
    await assert.rejects(full, (error) => error instanceof ConduxtError && error.code === 'log-not-written');
    assert.equal(runs(await numberIn(pidFile)), false);
  });

  it('gives the run exactly the environment it was given, and its marker', async (t) => {
    const repo = changed(t);
    const print = 'console.log(JSON.stringify(process.env))';
    const receipt = await verified(repo, argv(process.execPath, '-e', print), {
      env: { PATH: '/bin', A: '1' },
      sessionId: 's-env',
    });
    const env = JSON.parse(readFileSync(receipt.logFile, 'utf8')) as Record<string, string>;
    assert.deepEqual(env, { PATH: '/bin', A: '1', CONDUXT_SESSION: 's-env' });
  });
});
