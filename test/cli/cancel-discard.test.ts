import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Machine } from '../e2e/scratch.ts';
import { markedPids } from '../../src/process/marker.ts';
import { fix, says, verify } from './steps.ts';

/** A task in the middle of its turn, and where it works. */
async function running(t: TestContext, ...more: string[]): Promise<{ machine: Machine; worktree: string }> {
  const machine = new Machine(t);
  machine.agent({ prompts: [{ steps: [fix, says('x'), { type: 'hang' }] }] }, { timeouts: { cancelSeconds: 3 } });
  await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify, ...more);
  await machine.until('prompt-accepted');
  return { machine, worktree: path.join(machine.root, 'worktrees/demo/the-sum') };
}

const gitIn = (machine: Machine, cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env: machine.env, encoding: 'utf8' });

const ended = (machine: Machine): string[] =>
  machine.journal('the-sum').flatMap((record) => (record.type === 'task-ended' ? [record.end] : []));

describe('cancel --discard', { concurrency: 2 }, () => {
  it('ends the task and removes its worktree; undo brings back index, changes and unknown files', async (t) => {
    const { machine, worktree } = await running(t);
    const file = (name: string): string => path.join(worktree, name);
    writeFileSync(file('staged.txt'), 'staged\n');
    gitIn(machine, worktree, 'add', 'staged.txt');
    writeFileSync(file('sum.txt'), 'changed\n');
    mkdirSync(file('new'));
    writeFileSync(file('new/unknown.txt'), 'unknown\n');
    const [id = ''] = machine.sessionIds();
    const cancelled = await machine.json('cancel', 'the-sum', '--discard');
    assert.deepEqual(
      [cancelled['scope'], cancelled['turn'], cancelled['task'], cancelled['worktree']],
      ['task', 'cancelled', 'cancelled', 'removed'],
    );
    assert.equal((cancelled['snapshots'] as string[]).length, 1);
    assert.equal(existsSync(worktree), false);
    assert.deepEqual(ended(machine), ['cancelled']);
    assert.deepEqual(markedPids(id), []);
    assert.equal(machine.git('log', '--format=%s', 'main..fix/the-sum'), 'fix: the sum', 'the branch stays');

    assert.match((await machine.ok('undo', 'the-sum')).stdout, /back in .*the-sum, on branch fix\/the-sum/);
    const status = gitIn(machine, worktree, 'status', '--porcelain', '--untracked-files=all').split('\n').toSorted();
    assert.deepEqual(status, ['', ' M sum.txt', '?? new/unknown.txt', 'A  staged.txt']);
    assert.equal(readFileSync(file('sum.txt'), 'utf8'), 'changed\n');
    // A second time there is nothing left to cancel.
    const again = await machine.ok('cancel', 'the-sum', '--discard');
    assert.match(again.stdout, /there was nothing to cancel; worktree removed/);
  });

  it('does it for a task whose host and agent were killed', async (t) => {
    const { machine, worktree } = await running(t);
    writeFileSync(path.join(worktree, 'half.txt'), 'half\n');
    const [id = ''] = machine.sessionIds();
    for (const record of machine.journal('the-sum')) {
      if (record.type === 'host-started') process.kill(record.process.pid, 'SIGKILL');
    }
    const { stdout } = await machine.ok('cancel', 'the-sum', '--discard');
    assert.match(stdout, /the task is cancelled.*worktree removed/);
    assert.deepEqual([markedPids(id), ended(machine), existsSync(worktree)], [[], ['cancelled'], false]);
    await machine.ok('undo', 'the-sum');
    assert.equal(readFileSync(path.join(worktree, 'half.txt'), 'utf8'), 'half\n');
  });

  it('keeps a worktree for undo in which nothing would be lost', async (t) => {
    const { machine, worktree } = await running(t);
    const { stdout } = await machine.ok('cancel', 'the-sum', '--discard');
    assert.match(
      stdout,
      /the task is cancelled.*worktree removed, the branch stays\.\n {2}kept as refs\/conduxt\/snapshots/,
    );
    await machine.ok('undo', 'the-sum');
    assert.equal(readFileSync(path.join(worktree, 'sum.txt'), 'utf8'), '4\n');
  });

  it('cancels nothing where a person locked the worktree, or it holds a repository of its own', async (t) => {
    const { machine, worktree } = await running(t);
    machine.git('worktree', 'lock', worktree);
    const locked = await machine.run('cancel', 'the-sum', '--discard');
    assert.deepEqual([locked.code, /git worktree unlock/.test(locked.stderr)], [6, true], locked.stderr);
    machine.git('worktree', 'unlock', worktree);
    gitIn(machine, worktree, 'init', '-q', 'theirs');
    gitIn(machine, path.join(worktree, 'theirs'), 'commit', '-q', '--allow-empty', '-m', 'theirs');
    const inner = await machine.run('cancel', 'the-sum', '--discard');
    assert.deepEqual([inner.code, /repositories of its own/.test(inner.stderr)], [6, true], inner.stderr);
    assert.deepEqual([ended(machine), existsSync(worktree)], [[], true]);
    assert.ok(!machine.journal('the-sum').some(({ type }) => type === 'turn-ended'), 'its turn was ended');
  });

  it('cancels nothing where another session works in the worktree', async (t) => {
    const { machine, worktree } = await running(t);
    execFileSync(process.execPath, [path.resolve(import.meta.dirname, '../../dist/conduxt.js'), 'start', 'helper'], {
      cwd: worktree,
      env: machine.env,
    });
    const refused = await machine.run('cancel', 'the-sum', '--discard');
    assert.deepEqual(
      [refused.code, /helper works in the worktree[^]*conduxt stop helper/.test(refused.stderr)],
      [6, true],
    );
    assert.deepEqual([ended(machine), existsSync(worktree)], [[], true]);
    await machine.ok('stop', 'helper');
    await machine.ok('cancel', 'the-sum', '--discard');
    assert.equal(existsSync(worktree), false);
  });

  it('cancels nothing where the worktree was a person’s before', async (t) => {
    const machine = new Machine(t);
    const theirs = machine.file('worktrees/demo/the-sum');
    machine.git('worktree', 'add', '-q', '-b', 'mine', theirs);
    machine.agent({ prompts: [{ steps: [says('x'), { type: 'hang' }] }] });
    const adopt = ['--name', 'the-sum', '--branch', 'mine', '--adopt', '--no-wait'];
    await machine.ok('run', 'Fix the sum', ...adopt, ...verify);
    await machine.until('prompt-accepted');
    const refused = await machine.run('cancel', 'the-sum', '--discard');
    assert.deepEqual([refused.code, /was there before the-sum/.test(refused.stderr)], [6, true], refused.stderr);
    assert.deepEqual([ended(machine), existsSync(theirs)], [[], true]);
  });

  it('cancels nothing where it waits to work in a worktree that a person made', async (t) => {
    const machine = new Machine(t);
    const theirs = machine.file('worktrees/demo/the-sum');
    machine.git('worktree', 'add', '-q', '-b', 'mine', theirs);
    machine.agent({ prompts: [{ match: 'another', steps: [says('x'), { type: 'hang' }] }] });
    await machine.ok('run', 'another', '--name', 'another', '--no-wait', ...verify);
    const adopt = ['--name', 'the-sum', '--branch', 'mine', '--adopt', '--after', 'another', '--no-wait'];
    await machine.ok('run', 'Fix the sum', ...adopt, ...verify);
    const refused = await machine.run('cancel', 'the-sum', '--discard');
    assert.deepEqual([refused.code, /was there before the-sum/.test(refused.stderr)], [6, true], refused.stderr);
    assert.deepEqual([ended(machine), existsSync(theirs)], [[], true]);
  });

  it('and --queued are not said together', async (t) => {
    const { code, stderr } = await new Machine(t).run('cancel', 'the-sum', '--discard', '--queued');
    assert.deepEqual([code, /cannot be used together/.test(stderr)], [2, true]);
  });
});
