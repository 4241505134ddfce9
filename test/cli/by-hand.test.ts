import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { finished, Machine } from '../e2e/scratch.ts';
import { done, failed, fix, says, verify } from './steps.ts';

describe('clean', () => {
  it('refuses while work would be lost, lists it, and keeps a snapshot of what is discarded', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, failed] }] });
    await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const worktree = path.join(machine.root, 'worktrees/demo/the-sum');
    writeFileSync(path.join(worktree, 'notes.txt'), 'mine');
    const refused = await machine.run('clean', 'the-sum', '--branch');
    assert.equal(refused.code, 6);
    assert.match(
      refused.stderr,
      /notes\.txt[\s\S]*1 commit that nothing else has: .*fix: the sum[\s\S]*--discard-changes --discard-commits/,
    );
    assert.ok(existsSync(path.join(worktree, 'notes.txt')), 'nothing was touched');

    const cleaned = await machine.ok('clean', 'the-sum', '--branch', '--discard-changes', '--discard-commits');
    assert.match(cleaned.stdout, /worktree removed, branch deleted/);
    assert.equal(existsSync(worktree), false);
    assert.equal(machine.git('branch', '--list', 'fix/*'), '');
    const kept = machine.git('for-each-ref', '--format=%(refname)', 'refs/conduxt/snapshots').split('\n');
    assert.equal(kept.length, 2, kept.join());
    assert.ok(kept.some((ref) => machine.git('ls-tree', '--name-only', ref).includes('notes.txt')));
    assert.match((await machine.run('tell', 'the-sum', 'go on')).stderr, /conduxt retry the-sum/);

    assert.match((await machine.ok('undo', 'the-sum', '--list')).stdout, /uncommitted: notes\.txt; the branch, at/);
    const undone = await machine.json('undo', 'the-sum');
    assert.deepEqual((undone['restored'] as { files: unknown }).files, ['notes.txt']);
    assert.equal(readFileSync(path.join(worktree, 'notes.txt'), 'utf8'), 'mine');
    assert.equal(readFileSync(path.join(worktree, 'sum.txt'), 'utf8'), '4\n');
    const taken = await machine.run('undo', 'the-sum');
    assert.deepEqual([taken.code, /--to <directory>/.test(taken.stderr)], [6, true]);
    const again = path.join(machine.root, 'again');
    assert.match((await machine.ok('undo', 'the-sum', '--to', again)).stdout, /on branch fix\/the-sum-undo/);
  });

  it('refuses while the task runs', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [says('x'), { type: 'hang' }] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    await machine.until('prompt-accepted');
    assert.match((await machine.run('clean', 'the-sum')).stderr, /is running.*\n.*conduxt stop the-sum/);
  });
});

describe('retry', () => {
  it('begins again with the same words under the same name, and archives the old session', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [failed] }] });
    assert.equal((await machine.run('run', 'Fix the sum, please', '--name', 'the-sum', ...verify)).code, 1);
    machine.agent({ prompts: [{ match: 'Fix the sum, please', steps: [fix, done] }] });
    const [old] = machine.sessionIds();
    await machine.ok('retry', 'the-sum');
    const status = await machine.json('status', 'the-sum');
    const session = status['session'] as { id: string; state: string; branch: string };
    assert.notEqual(session.id, old);
    assert.deepEqual([session.state, session.branch], ['completed', 'fix/the-sum']);
    assert.match((await machine.ok('log', old ?? '')).stdout, /I cannot\./);
    const [repo] = readdirSync(path.join(machine.state, 'repos'));
    assert.deepEqual(readdirSync(path.join(machine.state, 'repos', repo ?? '', 'archive')), [`the-sum-${old}`]);
  });

  it('refuses to lose work; --adopt goes on from it, --discard gives it up', async (t) => {
    const machine = new Machine(t);
    const more: Step = { type: 'shell', command: 'echo more > more.txt && git add -A && git commit -qm more' };
    machine.agent({ prompts: [{ steps: [fix, failed] }] });
    await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const refused = await machine.run('retry', 'the-sum');
    assert.equal(refused.code, 6);
    assert.match(refused.stderr, /1 commit that nothing else has[\s\S]*--discard/);

    machine.agent({ prompts: [{ steps: [more, failed] }] });
    await machine.run('retry', 'the-sum', '--adopt');
    assert.equal(machine.git('log', '--format=%s', 'main..fix/the-sum'), 'more\nfix: the sum');
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.ok('retry', 'the-sum', '--discard');
    assert.equal(machine.git('log', '--format=%s', 'main..fix/the-sum'), 'fix: the sum');
    assert.match(machine.git('for-each-ref', '--format=%(refname)', 'refs/conduxt/snapshots'), /snapshots/);
  });

  it('leaves a branch alone that a person lent, and takes one beside it', async (t) => {
    const machine = new Machine(t);
    machine.git('branch', 'mine');
    machine.agent({ prompts: [{ steps: [fix, failed] }] });
    await machine.run('run', 'Fix the sum', '--name', 'the-sum', '--branch', 'mine', '--adopt', ...verify);
    const theirs = machine.git('rev-parse', 'mine');
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.ok('retry', 'the-sum', '--discard');
    assert.equal(machine.git('rev-parse', 'mine'), theirs);
    assert.equal(machine.git('log', '--format=%s', 'main..mine-2'), 'fix: the sum');
  });

  it('leaves a branch alone that was pushed, and takes one beside it', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    await machine.ok('retry', 'the-sum');
    const pushed = execFileSync('git', ['branch', '--format=%(refname:short)'], {
      cwd: machine.remote,
      encoding: 'utf8',
    });
    assert.deepEqual(pushed.trim().split('\n'), ['fix/the-sum', 'fix/the-sum-2', 'main']);
  });
});

describe('rehearse', () => {
  it('goes through everything and leaves the repository as it was', async (t) => {
    const machine = new Machine(t);
    const before = machine.git('for-each-ref');
    const { stdout } = await machine.ok('rehearse', '--no-verify');
    assert.match(stdout, /delivered/);
    assert.equal(machine.git('for-each-ref'), before);
    assert.equal(machine.git('worktree', 'list').split('\n').length, 1);
    assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves nothing behind when it is left in the middle (${signal})`, async (t) => {
      const machine = new Machine(t);
      const temporary = machine.file('tmp');
      mkdirSync(temporary);
      Object.assign(machine.env, { TMPDIR: temporary, CONDUXT_REHEARSAL_DELAY_MS: '60000' });
      const before = machine.git('for-each-ref');
      const cli = machine.start('rehearse', '--no-verify');
      const ended = finished(cli);
      await machine.until('prompt-handed');
      cli.kill(signal);
      const { code, stderr } = await ended;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /You left\. Session, worktree and branch of the rehearsal are gone again\.\n$/);
      assert.doesNotMatch(stderr, /the work goes on/);
      assert.equal(machine.git('for-each-ref'), before);
      assert.equal(machine.git('worktree', 'list').split('\n').length, 1);
      assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
      assert.deepEqual(readdirSync(temporary), []);
    });
  }
});

describe('a state directory without room in the middle of a turn', () => {
  it('is named by status and by whoever waits, and the work goes on when there is room', async (t) => {
    const machine = new Machine(t);
    mkdirSync(machine.state);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', machine.state]);
    if (mounted.status !== 0) {
      t.skip('a file system cannot be mounted here (needs root)');
      return;
    }
    const goOn = machine.file('go-on');
    machine.agent({ prompts: [{ steps: [says('x'), { type: 'wait-for-file', path: goOn }, fix, done] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    await machine.until('prompt-accepted');
    const filler = path.join(machine.state, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
    for (const args of [['status'], ['status', 'the-sum']]) {
      assert.match(
        (await machine.ok(...args)).stderr,
        /The disk of .*state is full .*: running sessions wait for room/,
      );
    }
    const cli = machine.start('wait', 'the-sum');
    const waited = finished(cli);
    const told = new Promise((resolve) => cli.stderr?.on('data', resolve));
    await told;
    rmSync(filler);
    writeFileSync(goOn, '');
    const { code, stderr } = await waited;
    await machine.ok('stop', 'the-sum');
    spawnSync('umount', ['-l', machine.state]);
    assert.deepEqual([code, /is full/.test(stderr)], [0, true], stderr);
  });
});

describe('a state directory that cannot be written', () => {
  it('is exit 74 with a remedy for prune and rehearse, and nothing is left', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    await machine.ok('stop', 'the-sum');
    const temporary = machine.file('tmp');
    mkdirSync(temporary);
    machine.env['TMPDIR'] = temporary;
    // In one call: a second one would look for the first in a table that other tests' mounts change while it is read.
    const mounted = spawnSync('mount', ['-o', 'bind,ro', machine.state, machine.state]).status;
    t.after(() => spawnSync('umount', ['-l', machine.state]));
    if (mounted !== 0) {
      t.skip('a file system cannot be mounted here (needs root)');
      return;
    }
    for (const args of [
      ['prune', '--older-than', '1ms'],
      ['rehearse', '--no-verify'],
    ]) {
      const { code, stderr } = await machine.run(...args);
      assert.equal(code, 74, stderr);
      assert.match(stderr, /→ .*CONDUXT_HOME/);
      assert.doesNotMatch(stderr, /Internal|at file:/);
    }
    assert.deepEqual(readdirSync(temporary), []);
    spawnSync('umount', ['-l', machine.state]);
  });
});

describe('ask that is ended from outside', () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`leaves no session behind (${signal})`, async (t) => {
      const machine = new Machine(t);
      machine.agent({ prompts: [{ match: '.', steps: [says('working'), { type: 'hang' }] }] });
      const cli = machine.start('ask', 'why?');
      const ended = finished(cli);
      await machine.until('prompt-accepted');
      cli.kill(signal);
      const { code, stderr } = await ended;
      assert.equal(code, 130, stderr);
      assert.equal(JSON.stringify((await machine.json('status', '--all'))['sessions']), '[]');
      assert.ok(machine.journal().some((record) => record.type === 'host-stopped'));
    });
  }
});

describe('doctor', () => {
  it('starts every agent that is installed, one line each', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [] });
    const { stdout } = await machine.ok('doctor');
    assert.match(stdout, /ok +agent fault +speaks ACP, answered after \d+ ms; .*; left nothing behind/);
    assert.doesNotMatch(stdout, /agent rehearsal/);
  });

  it('starts an agent, says hello, and leaves nothing running', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [] });
    const { stdout } = await machine.ok('doctor', 'fault');
    assert.match(stdout, /ok +start +speaks ACP/);
    assert.match(stdout, /ok +end +left nothing behind/);
  });
});
