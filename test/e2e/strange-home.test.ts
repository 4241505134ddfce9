import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import path from 'node:path';
import { hasTmux } from '../tmux/scratch.ts';
import { Machine } from './scratch.ts';

const NOBODY = 54_321;
const isRoot = process.getuid?.() === 0;
const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');

describe('a state directory', () => {
  it('that others can write to runs nothing, in old sessions either, and says what to do', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    await machine.ok('start', 'old', '--no-wait');
    await machine.ok('stop', 'old');
    await machine.ok('resume', 'old');
    await machine.ok('stop', 'old');
    chmodSync(machine.state, 0o777);
    for (const words of [
      ['start', 'new', '--no-wait'],
      ['resume', 'old'],
    ]) {
      const { code, stderr } = await machine.run(...words);
      assert.equal(code, 6, stderr);
      assert.match(stderr, /can be written by everybody[^]*chmod 700/);
    }
    assert.match((await machine.run('doctor')).stdout, /mode 777/);
    chmodSync(machine.state, 0o700);
    await machine.ok('resume', 'old');
    await machine.ok('stop', 'old');
  });

  it('that cannot be written is named, and what is there can be read', (t) => {
    if (!isRoot) return t.skip('needs root: a file system is mounted');
    const machine = new Machine(t);
    mkdirSync(machine.state);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,mode=0700', 'tmpfs', machine.state]).status !== 0)
      return t.skip('a file system cannot be mounted here');
    const run = (...words: string[]): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } =>
      spawnSync(process.execPath, [program, ...words], { cwd: machine.repo, env: machine.env, encoding: 'utf8' });
    try {
      const start = run('start', 'x', '--agent', 'rehearsal', '--no-wait');
      assert.equal(start.status, 74);
      assert.ok(start.stderr.includes(machine.state) && start.stderr.includes('nothing was accepted'), start.stderr);
      assert.equal(run('status', '--all').status, 0);
      assert.match(run('doctor').stdout, /state directory.*cannot be written/);
    } finally {
      execFileSync('umount', [machine.state]);
    }
  });

  it('that can no longer be written is named also where a terminal was, and by the watchdog', async (t) => {
    if (!isRoot) return t.skip('needs root: a file system is mounted');
    if (!(await hasTmux(t))) return;
    const machine = new Machine(t);
    const durable = ['exec', '--route', 'durable', '--', 'true'];
    await machine.ok(...durable);
    await machine.ok('terminal', 'kill', 'true');
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    await machine.ok('start', 'old', 'hello');
    await machine.ok('stop', 'old');
    const bind = [machine.state, machine.state];
    if (spawnSync('mount', ['--bind', ...bind]).status !== 0) return t.skip('a directory cannot be mounted here');
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', ...bind]);
      const { code, stderr } = await machine.run(...durable);
      assert.equal(code, 125, stderr);
      assert.match(stderr, /could not be written|cannot be written/);
      assert.ok(stderr.includes(machine.state) && !stderr.includes('Internal error'), stderr);
      const looked = await machine.run('watchdog', '--once');
      assert.equal(looked.code, 74, looked.stdout + looked.stderr);
    } finally {
      execFileSync('umount', [machine.state]);
    }
  });

  it('that is deep has one host, whatever runtime directory the shell, cron or a timer has', async (t) => {
    if (process.platform !== 'linux')
      return t.skip('elsewhere the sockets of a deep home lie in the runtime directory');
    const machine = new Machine(t, 'state'.repeat(20));
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    machine.env['XDG_RUNTIME_DIR'] = machine.home;
    await machine.ok('start', 'deep', 'first');
    // As cron has it where nobody is logged in: recorded at the time of install, and not there.
    machine.env['XDG_RUNTIME_DIR'] = '/run/user/54321';
    await machine.ok('tell', 'deep', 'second', '--wait');
    assert.equal(machine.journal().filter(({ type }) => type === 'host-started').length, 1);
    await machine.ok('stop', 'deep');
    await machine.ok('resume', 'deep');
    await machine.ok('stop', 'deep');
  });

  it('of another user is not taken for one’s own', (t) => {
    if (!isRoot) return t.skip('needs root: another user is tried');
    if (spawnSync('setpriv', ['--version']).status !== 0) return t.skip('setpriv is not installed');
    const machine = new Machine(t);
    for (const directory of [machine.state, path.join(machine.root, 'own')]) mkdirSync(directory, { recursive: true });
    chmodSync(machine.root, 0o755);
    execFileSync('chown', ['-R', String(NOBODY), machine.repo, path.join(machine.root, 'own')]);
    // Its owner lets us write: by a group, say.
    chownSync(machine.state, NOBODY + 1, NOBODY);
    chmodSync(machine.state, 0o770);
    const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'];
    const env = { ...machine.env, HOME: path.join(machine.root, 'own') };
    const ran = spawnSync('setpriv', [...as, process.execPath, program, 'start', 'x', '--agent', 'rehearsal'], {
      cwd: machine.repo,
      env,
      encoding: 'utf8',
    });
    if (/EACCES|Cannot find module/.test(ran.stderr)) return t.skip('the program cannot be read by another user here');
    assert.equal(ran.status, 6, ran.stderr);
    assert.match(ran.stderr, /belongs to another user/);
    assert.equal(statSync(machine.state).nlink, 2, 'something was made in it');
    rmSync(machine.state, { recursive: true });
  });
});
