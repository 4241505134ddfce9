import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import type { SetupPlan } from '../../src/session/record.ts';
import { prepareWorktree, type SetupResult } from '../../src/verify/setup.ts';
import { numberIn, realRepository, runs, type RealRepository } from './real-repository.ts';

/** A main checkout (the repository) and an empty worktree beside it. */
function prepared(
  repo: RealRepository,
  plan: Partial<SetupPlan>,
  signal = new AbortController().signal,
): Promise<SetupResult> {
  const worktree = join(repo.dir, 'worktree');
  mkdirSync(worktree, { recursive: true });
  return prepareWorktree({
    worktree,
    mainCheckout: repo.path,
    plan: { commands: [], from: 'config', copy: [], link: [], timeoutMs: 30_000, ...plan },
    env: repo.env,
    logFile: join(repo.dir, 'setup.log'),
    sessionId: `s-setup-test-${process.pid}`,
    signal,
  });
}
const shell = (line: string): SetupPlan['commands'][number] => ({ type: 'shell', line });
const argv = (...words: string[]): SetupPlan['commands'][number] => ({ type: 'argv', argv: words });

describe('preparing a worktree', () => {
  it('with nothing to do is fine', async (t) => {
    const result = await prepared(realRepository(t), { from: 'none' });
    assert.deepEqual(
      { ...result, durationMs: 0 },
      { ok: true, command: null, exitCode: null, excerpt: '', durationMs: 0 },
    );
  });

  it('copies and links the listed files from the main checkout', async (t) => {
    const repo = realRepository(t);
    repo.write({ '.env': 'A=1\n', 'config/local/a.json': '{}', 'node_modules/x/index.js': 'x' });
    chmodSync(join(repo.path, '.env'), 0o600);
    const result = await prepared(repo, { copy: ['.env', 'config/local'], link: ['node_modules'] });
    const worktree = join(repo.dir, 'worktree');
    assert.equal(result.ok, true);
    assert.equal(readFileSync(join(worktree, '.env'), 'utf8'), 'A=1\n');
    assert.equal(statSync(join(worktree, '.env')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(worktree, 'config/local/a.json'), 'utf8'), '{}');
    assert.equal(readlinkSync(join(worktree, 'node_modules')), join(repo.path, 'node_modules'));
  });

  it('leaves alone what is there already, and can be done twice', async (t) => {
    const repo = realRepository(t);
    repo.write({ '.env': 'A=1\n' });
    await prepared(repo, { copy: ['.env'], link: ['a.txt'] });
    writeFileSync(join(repo.dir, 'worktree/.env'), 'A=2\n');
    assert.equal((await prepared(repo, { copy: ['.env'], link: ['a.txt'] })).ok, true);
    assert.equal(readFileSync(join(repo.dir, 'worktree/.env'), 'utf8'), 'A=2\n');
  });

  it('leaves out what the main checkout does not have, and says so', async (t) => {
    const result = await prepared(realRepository(t), { copy: ['.env'] });
    assert.equal(result.ok, true);
    assert.equal(result.excerpt, 'left out: .env is not in the main checkout');
  });

  for (const path of ['../secret', '/etc/passwd', 'a/../../secret', '.', '..', '', '.git/config', 'a\0b', './']) {
    it(`refuses the path ${JSON.stringify(path)}, before anything is done`, async (t) => {
      const repo = realRepository(t);
      writeFileSync(join(repo.dir, 'secret'), 'x');
      const bringing = prepared(repo, { copy: ['a.txt', path] });
      await assert.rejects(bringing, (error) => error instanceof ConduxtError && error.code === 'setup-path-refused');
      assert.equal(existsSync(join(repo.dir, 'worktree/a.txt')), false);
    });
  }

  it('leaves out a link in the main checkout that leads out of it, and says so', async (t) => {
    const repo = realRepository(t);
    writeFileSync(join(repo.dir, 'secret'), 'x');
    symlinkSync('../secret', join(repo.path, 'innocent'));
    symlinkSync('..', join(repo.path, 'folder'));
    for (const path of ['innocent', 'folder/secret']) {
      const result = await prepared(repo, { copy: [path] });
      assert.equal(result.ok, true);
      assert.match(result.excerpt, /^left out, because it lies outside of the main checkout: /);
      assert.equal(existsSync(join(repo.dir, 'worktree', path)), false);
    }
  });

  it('refuses to write through a link in the worktree that leads out of it', async (t) => {
    const repo = realRepository(t);
    repo.write({ 'config/a.json': '{}' });
    mkdirSync(join(repo.dir, 'worktree'));
    mkdirSync(join(repo.dir, 'outside'));
    symlinkSync('../outside', join(repo.dir, 'worktree/config'));
    await assert.rejects(
      prepared(repo, { copy: ['config/a.json'] }),
      (error) => error instanceof ConduxtError && error.code === 'setup-path-refused',
    );
    assert.equal(existsSync(join(repo.dir, 'outside/a.json')), false);
  });

  it('refuses to write through a dangling link', async (t) => {
    const repo = realRepository(t);
    repo.write({ 'config/a.json': '{}' });
    mkdirSync(join(repo.dir, 'worktree'));
    symlinkSync('../not-yet-there', join(repo.dir, 'worktree/config'));
    await assert.rejects(
      prepared(repo, { copy: ['config/a.json'] }),
      (error) => error instanceof ConduxtError && error.code === 'setup-path-refused',
    );
    assert.equal(lstatSync(join(repo.dir, 'worktree/config')).isSymbolicLink(), true);
  });

  it('runs the commands in order in the worktree and keeps their output', async (t) => {
    const repo = realRepository(t);
    const result = await prepared(repo, {
      commands: [shell('echo one > order'), argv('sh', '-c', 'echo two >> order; echo said')],
    });
    assert.equal(result.ok, true);
    assert.equal(result.exitCode, 0);
    assert.equal(readFileSync(join(repo.dir, 'worktree/order'), 'utf8'), 'one\ntwo\n');
    assert.match(readFileSync(join(repo.dir, 'setup.log'), 'utf8'), /^\$ echo one > order\n\$ sh -c .*\nsaid\n$/);
    assert.equal(statSync(join(repo.dir, 'setup.log')).mode & 0o777, 0o600);
  });

  it('stops at the first command that fails and shows what it printed', async (t) => {
    const repo = realRepository(t);
    const result = await prepared(repo, { commands: [shell('echo no room >&2; exit 4'), shell('touch second')] });
    assert.deepEqual(
      { ...result, durationMs: 0 },
      {
        ok: false,
        command: 'echo no room >&2; exit 4',
        exitCode: 4,
        excerpt: '$ echo no room >&2; exit 4\nno room',
        durationMs: 0,
      },
    );
    assert.equal(existsSync(join(repo.dir, 'worktree/second')), false);
  });

  it('fails when a written command names a program that is not there', async (t) => {
    const result = await prepared(realRepository(t), { commands: [argv('conduxt-no-such-program')] });
    assert.equal(result.ok, false);
    assert.match(result.excerpt, /^conduxt-no-such-program: the program is not installed/);
  });

  it('leaves out a detected command whose program is not there, and goes on', async (t) => {
    const repo = realRepository(t);
    const result = await prepared(repo, {
      from: 'detected',
      commands: [argv('conduxt-no-such-program'), argv('touch', 'second')],
    });
    assert.equal(result.ok, true);
    assert.equal(result.command, 'touch second');
    assert.match(result.excerpt, /^left out: conduxt-no-such-program/);
    assert.equal(existsSync(join(repo.dir, 'worktree/second')), true);
  });

  it('fails when a detected command needs what an earlier one should have made', async (t) => {
    const result = await prepared(realRepository(t), {
      from: 'detected',
      commands: [argv('.venv/bin/python', '-m', 'pip')],
    });
    assert.equal(result.ok, false);
  });

  it('ends a command that takes too long, with what it started', async (t) => {
    const repo = realRepository(t);
    const pidFile = join(repo.dir, 'pid');
    const running = prepared(repo, { commands: [shell(`sleep 300 & echo $! > '${pidFile}'; wait`)], timeoutMs: 700 });
    const pid = await numberIn(pidFile);
    const result = await running;
    assert.equal(result.ok, false);
    assert.match(result.excerpt, /^it did not end within 0\.7 s/);
    assert.equal(runs(pid), false);
  });

  it('gives all commands one time limit together', async (t) => {
    const result = await prepared(realRepository(t), {
      commands: [shell('sleep 0.3'), shell('sleep 300')],
      timeoutMs: 600,
    });
    assert.equal(result.ok, false);
    assert.ok(result.durationMs < 5000);
  });

  it('ends when it is aborted', async (t) => {
    const repo = realRepository(t);
    const stop = new AbortController();
    const pidFile = join(repo.dir, 'pid');
    const running = prepared(
      repo,
      { commands: [shell(`echo $$ > '${pidFile}'; sleep 300`), shell('touch second')] },
      stop.signal,
    );
    const pid = await numberIn(pidFile);
    stop.abort();
    assert.equal((await running).ok, false);
    assert.equal(runs(pid), false);
    assert.equal(existsSync(join(repo.dir, 'worktree/second')), false);
  });
});
