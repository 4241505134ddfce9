import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { finished, Machine } from './scratch.ts';

describe('conduxt lock', { concurrency: 2 }, () => {
  const skip = spawnSync('flock', ['--version']).error === undefined ? false : 'flock is not installed';

  it('hands on what a command says and its exit code, word for word', { skip }, async (t) => {
    const machine = new Machine(t);
    const ran = await machine.run('lock', '--', 'sh', '-c', 'printf "%s|" "$@"; exit 3', 'sh', '$HOME; x', '--json');
    assert.deepEqual([ran.code, ran.stdout], [3, '$HOME; x|--json|']);
    const path = (await machine.ok('lock')).stdout.trim();
    assert.equal(path, `${machine.state}/agent.lock`);
    assert.equal((await machine.json('lock'))['file'], path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it(
    'waits for whoever holds it with flock, says when that takes too long, and is free after a kill',
    { skip },
    async (t) => {
      const machine = new Machine(t);
      machine.env['CONDUXT_LOCK'] = machine.file('shared.lock');
      const held = machine.file('held');
      const script = `touch '${held}'; exec sleep 60`;
      const holder = spawn('flock', [machine.file('shared.lock'), 'sh', '-c', script], { detached: true });
      t.after(() => holder.exitCode ?? holder.signalCode ?? process.kill(-(holder.pid ?? 0), 'SIGKILL'));
      await machine.untilFile(held);
      const late = await machine.run('lock', '--timeout', '1s', '--', 'touch', machine.file('not-run'));
      assert.equal(late.code, 75, late.stderr);
      assert.match(late.stderr, /not free within 1 s/);
      assert.ok(!existsSync(machine.file('not-run')));
      const waiting = finished(machine.start('lock', '--', 'echo', 'mine'));
      process.kill(-(holder.pid ?? 0), 'SIGKILL');
      const { code, stdout } = await waiting;
      assert.deepEqual([code, stdout], [0, 'mine\n']);
    },
  );

  it(
    'hands an end on to the command, which frees the lock, and says so when there is no such command',
    { skip },
    async (t) => {
      const machine = new Machine(t);
      const begun = machine.file('begun');
      const holder = machine.start('lock', '--', 'sh', '-c', `echo $$ > '${begun}'; exec sleep 60`);
      const ended = finished(holder);
      await machine.untilFile(begun);
      holder.kill('SIGTERM');
      assert.equal((await ended).code, 143);
      await machine.ok('lock', '--timeout', '1s', '--', 'true');
      const missing = await machine.run('lock', '--', 'no-such-program');
      assert.deepEqual([missing.code, missing.stdout], [127, '']);
      assert.match(missing.stderr, /There is no program "no-such-program"/);
      assert.equal((await machine.run('lock', '--', '/')).code, 126);
    },
  );

  it(
    'is held around turns by configuration, and runs at once what the agent starts in its own turn',
    { skip },
    async (t) => {
      const machine = new Machine(t);
      const own = `"${process.execPath}" "${path.resolve(import.meta.dirname, '../../dist/conduxt.js')}"`;
      const state = `CONDUXT_HOME='${machine.state}'`;
      const inTurn = `${state} ${own} lock --timeout 5s -- touch '${machine.file('inside')}'`;
      const outside = `flock --nonblock "$CONDUXT_LOCK" touch '${machine.file('outside')}'; true`;
      machine.agent(
        {
          prompts: [
            {
              steps: [
                { type: 'shell', command: `${outside}; ${inTurn}` },
                { type: 'text', text: 'done' },
              ],
            },
          ],
        },
        { lock: { turns: ['fault'], file: machine.file('shared.lock') } },
      );
      await machine.ok('start', 'helper', 'Go.');
      assert.ok(existsSync(machine.file('inside')), 'the agent waited for itself');
      assert.ok(!existsSync(machine.file('outside')), 'the lock was not held, or the agent was not told where it is');
      assert.equal((await machine.ok('lock')).stdout.trim(), machine.file('shared.lock'));
      const types = machine.journal('helper').map(({ type }) => type);
      assert.ok(types.indexOf('lock-taken') < types.indexOf('agent-started'));
      await machine.ok('stop', 'helper');
    },
  );
});
