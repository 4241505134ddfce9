import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Machine } from '../e2e/scratch.ts';
import { waitFor } from '../host/scratch.ts';
import { says } from './steps.ts';

const DIST = path.resolve(import.meta.dirname, '../../dist');

/** A machine with a session whose first turn is over. */
async function withSession(t: ConstructorParameters<typeof Machine>[0]): Promise<Machine> {
  const machine = new Machine(t);
  machine.agent({ prompts: [{ match: '.', steps: [says('ok')] }] });
  await machine.ok('start', 'helper', 'hello');
  await machine.ok('wait', 'helper');
  return machine;
}

const queued = (machine: Machine): number =>
  machine.journal().filter((record) => record.type === 'prompt-queued' && record.kind === 'user').length;

async function endHost(machine: Machine): Promise<void> {
  const started = machine.journal().findLast((record) => record.type === 'host-started');
  assert.ok(started?.type === 'host-started');
  process.kill(started.process.pid, 'SIGTERM');
  const ended = (): boolean => machine.journal().at(-1)?.type === 'host-stopped';
  await waitFor(machine.state, ended, 10_000, () => 'the host has not ended');
}

describe('the verbs in one file', () => {
  it('leave what they do not hold to the others, with nothing done twice', async (t) => {
    const machine = await withSession(t);
    const before = queued(machine);
    await endHost(machine);
    assert.match((await machine.ok('tell', 'helper', 'once')).stdout, /^helper: queued/);
    assert.equal(queued(machine), before + 1);
    await machine.ok('wait', 'helper');
    await endHost(machine);
    // Standard input can be read once only.
    const told = execFileSync(process.execPath, [path.join(DIST, 'conduxt.js'), 'tell', 'helper', '-'], {
      cwd: machine.repo,
      env: machine.env,
      input: 'from standard input',
      encoding: 'utf8',
    });
    assert.match(told, /^helper: queued/);
    assert.match((await machine.ok('tell', 'helper', 'and wait', '--wait')).stdout, /helper: /);
    assert.equal(queued(machine), before + 3);
    assert.match((await machine.run('cancel', 'helper', '--no-such')).stderr, /Unknown option/);
  });

  it('load none of the large parts of Node', async (t) => {
    const machine = await withSession(t);
    const list = machine.file('list.cjs');
    writeFileSync(list, "process.on('exit', () => console.error('LOADED ' + process.moduleLoadList.join()));");
    const costly = (...args: string[]): string[] => {
      const command = ['-r', list, path.join(DIST, 'conduxt.js'), ...args];
      const line = `exec "$NODE" "$@" 2>&1 >/dev/null | cat`;
      const env = { ...machine.env, NODE: process.execPath };
      const printed = execFileSync('sh', ['-c', line, 'sh', ...command], { cwd: machine.repo, env, encoding: 'utf8' });
      const loaded = (printed.split('LOADED ')[1] ?? '').split(',').map((name) => name.replace(/^NativeModule /, ''));
      assert.ok(loaded.includes('fs'), printed);
      return loaded.filter((name) => ['crypto', 'zlib', 'fs/promises', 'child_process'].includes(name));
    };
    assert.deepEqual(costly('status', '--json'), []);
    assert.deepEqual(costly('tell', 'helper', 'more'), []);
    assert.deepEqual(costly('cancel', 'helper'), []);
  });
});
