import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Machine } from './scratch.ts';

const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');

/** Runs conduxt as somebody with this umask. @returns what it printed */
function as(machine: Machine, umask: string, ...words: string[]): string {
  const line = `umask ${umask}; exec "$@"`;
  const ran = spawnSync('sh', ['-c', line, 'sh', process.execPath, program, ...words], {
    cwd: machine.repo,
    env: machine.env,
    encoding: 'utf8',
  });
  assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

const shell = (command: string): Step => ({ type: 'shell', command });
const modeOf = (place: string): string => (lstatSync(place).mode & 0o777).toString(8);
/** What is below, with the mode of each. */
const modesIn = (directory: string): { readonly place: string; readonly mode: number }[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => {
    const place = path.join(directory, name);
    return { place, mode: lstatSync(place).mode };
  });

describe("the user's umask", () => {
  it('is that of agent, tests, worktree, commits and a local remote; the state is private all the same', (t) => {
    const machine = new Machine(t);
    const fix = shell(
      'umask > agent.umask; echo 4 > sum.txt; mkdir sub; git add sum.txt; git commit -qm four; rm agent.umask sub -r',
    );
    const note = shell(`umask >> ${machine.file('agent.umask')}`);
    const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'Four.' } };
    machine.agent({
      prompts: [
        { match: 'sum', steps: [note, fix, done] },
        { match: '.', steps: [note, { type: 'text', text: 'ok' }] },
      ],
    });
    as(
      machine,
      '002',
      'run',
      'Make the sum 4.',
      '--name',
      'work',
      '--verify',
      `umask > ${machine.file('test.umask')}; sh test.sh`,
    );
    assert.equal(readFileSync(machine.file('test.umask'), 'utf8'), '0002\n');
    const worktree = path.join(machine.root, 'worktrees', 'demo', 'work');
    assert.deepEqual([modeOf(worktree), modeOf(path.join(worktree, 'sum.txt'))], ['775', '664']);
    const closed = [...modesIn(path.join(machine.repo, '.git')), ...modesIn(machine.remote)].filter(
      // Git itself makes some files private, a directory never.
      ({ mode }) => (mode & 0o170000) === 0o040000 && (mode & 0o055) !== 0o055,
    );
    assert.deepEqual(closed, []);
    // Another shell, or cron, brings it back.
    as(machine, '002', 'start', 'talk', 'hello');
    as(machine, '002', 'wait', 'talk');
    as(machine, '077', 'stop', 'talk');
    as(machine, '077', 'resume', 'talk');
    as(machine, '077', 'tell', 'talk', 'and again', '--wait');
    assert.equal(readFileSync(machine.file('agent.umask'), 'utf8'), '0002\n0002\n0002\n');
    as(machine, '077', 'stop', 'talk');
    const wide = modesIn(machine.state).filter(({ mode }) => (mode & 0o077) !== 0);
    assert.deepEqual(wide, []);
  });

  it('is that of a program that exec runs, and of one in a terminal, whoever started its server', (t) => {
    const machine = new Machine(t);
    assert.equal(as(machine, '002', 'exec', '--', 'sh', '-c', 'umask'), '0002\n');
    if (spawnSync('tmux', ['-V']).status !== 0) return t.skip('tmux is not installed');
    const file = machine.file('pane.umask');
    as(machine, '077', 'terminal', 'create', 'first', 'cat');
    try {
      as(machine, '002', 'terminal', 'create', 'second', '--', 'sh', '-c', `umask > ${file}; cat`);
      const end = Date.now() + 10_000;
      while (!(existsSync(file) && readFileSync(file, 'utf8') !== '') && Date.now() < end) spawnSync('true');
      assert.equal(readFileSync(file, 'utf8'), '0002\n');
    } finally {
      for (const name of ['first', 'second']) as(machine, '077', 'terminal', 'kill', name);
    }
  });
});
