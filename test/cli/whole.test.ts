import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import { finished, Machine } from '../e2e/scratch.ts';
import { waitFor } from '../host/scratch.ts';
import { done, failed, fix, linesOf, says, verify } from './steps.ts';

describe('run --json', () => {
  it('is one JSON object per line: the task, what happens, the outcome; and stderr is silent', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [says('On it.'), fix, done] }] });
    const { stdout, stderr } = await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--json', ...verify);
    const lines = linesOf(stdout);
    assert.equal(stderr, '');
    assert.deepEqual([lines[0]?.['type'], lines.at(-1)?.['type']], ['task', 'outcome']);
    assert.deepEqual([lines.at(-1)?.['state'], lines.at(-1)?.['exitCode']], ['completed', 0]);
    const cursors = lines.flatMap((line) => (typeof line['cursor'] === 'string' ? [line['cursor']] : [])).slice(0, -1);
    assert.equal(new Set(cursors).size, cursors.length, 'no record twice');
    // The same records, whoever reads them and when.
    const log = linesOf((await machine.ok('log', 'the-sum', '--json', '--since', '0')).stdout);
    assert.deepEqual(
      log.slice(0, cursors.length).map((line) => line['cursor']),
      cursors,
    );
  });

  it('leaves quietly when nobody reads on, and never calls a task done that is not', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [says('On it.'), fix, done] }] });
    const script = `set -o pipefail; '${process.execPath}' "$0" run 'Fix the sum' --name the-sum --json --verify 'sh test.sh' | head -1`;
    const shell = spawn('bash', ['-c', script, path.resolve(import.meta.dirname, '../../dist/conduxt.js')], {
      cwd: machine.repo,
      env: machine.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, stdout, stderr } = await finished(shell);
    assert.deepEqual([code, stderr, stdout.split('\n').length], [130, '', 2]);
    await machine.ok('wait', 'the-sum');
  });
});

describe('output that cannot be written', { skip: existsSync('/dev/full') ? false : 'there is no /dev/full' }, () => {
  const into = (machine: Machine, ...args: string[]) => {
    const script = `exec '${process.execPath}' "$0" "$@" > /dev/full`;
    return finished(
      spawn('bash', ['-c', script, path.resolve(import.meta.dirname, '../../dist/conduxt.js'), ...args], {
        cwd: machine.repo,
        env: machine.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  };

  it('is exit 74 and one sentence, and what was begun goes on', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({ prompts: [{ steps: [{ type: 'wait-for-file', path: goOn }, fix, done] }] });
    const ran = await into(machine, 'run', 'Fix the sum', '--name', 'the-sum', '--json', ...verify);
    assert.deepEqual([ran.code, ran.stderr.split('\n').length], [74, 3], ran.stderr);
    assert.match(ran.stderr, /^conduxt: The output could not be written: .*ENOSPC/);
    const status = await into(machine, 'status');
    assert.deepEqual([status.code, status.stderr.split('\n').length], [74, 3], status.stderr);
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-sum');
  });
});

describe('a shell whose directory was removed', () => {
  it('still shows and waits; what needs a repository says so', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');
    const script = `mkdir gone && cd gone && rmdir "$PWD"
      '${process.execPath}' "$0" status --all --json; echo "status $?"
      '${process.execPath}' "$0" run --json 'Fix the sum'; echo "run $?"
      '${process.execPath}' "$0" start helper; echo "start $?"`;
    const shell = spawn('bash', ['-c', script, program], { cwd: machine.repo, env: machine.env });
    const { stdout, stderr } = await finished(shell);
    assert.match(stdout, /status 0/, stderr);
    assert.match(stdout, /"code": ?"not-a-repository"[\s\S]*run 2\n/);
    assert.match(stdout, /start 2\n/);
    assert.doesNotMatch(stderr, /Internal|at file:/);
  });
});

describe('several tasks', () => {
  it('are followed side by side, each line with its name, and the highest exit code counts', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: 'bad', steps: [failed] }, { steps: [says('On it.'), fix, done] }] });
    const { code, stdout, stderr } = await machine.run(
      'run',
      'Fix the sum',
      'Fix the bad thing',
      '--parallel',
      '1',
      ...verify,
    );
    assert.equal(code, 1);
    assert.match(stderr, /^\[fix-sum\] says {6}On it\.$/m);
    assert.match(stdout, /^fix-sum: completed/m);
    assert.match(stdout, /^fix-bad-thing: failed .*I cannot\./m);
  });

  it('wait in line beyond --parallel without the command that began them', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({ prompts: [{ match: '.', steps: [says('x'), { type: 'wait-for-file', path: goOn }, fix, done] }] });
    const tasks = ['Fix the first', 'Fix the second', 'Fix the third'];
    const cli = machine.start('run', ...tasks, '--parallel', '1', '--json', ...verify);
    const gone = finished(cli);
    const names = ['fix-first', 'fix-second', 'fix-third'];
    const who = (type: JournalRecord['type']): string[] =>
      names.filter((name) => machine.journal(name).some((record) => record.type === type));
    await waitFor(
      machine.root,
      () => who('prompt-accepted').length === 1 && who('slot-waiting').length >= 2,
      20_000,
      () => `accepted ${who('prompt-accepted').join()}, waiting ${who('slot-waiting').join()}`,
    );
    cli.kill('SIGKILL');
    await gone;
    assert.equal((await machine.ok('status')).stdout.match(/ waiting +waits for a free place/g)?.length, 2);
    writeFileSync(goOn, '');
    await machine.ok('wait', ...names);
    const held = names.map((name) =>
      machine
        .journal(name)
        .filter(({ type }) => type === 'slot-taken' || type === 'slot-released')
        .map(({ at }) => at),
    );
    assert.ok(held.every((times) => times.length === 2));
    const times = held.toSorted(([a = ''], [b = '']) => a.localeCompare(b)).flat();
    assert.deepEqual(times, times.toSorted(), 'never two at once');
  });

  it('are all begun with --no-wait, too, and the cap holds', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: '.', steps: [fix, done] }] });
    const begun = await machine.json('run', 'Fix one', 'Fix two', '--parallel', '1', '--no-wait', ...verify);
    assert.deepEqual(
      (begun['tasks'] as { session: string }[]).map(({ session }) => session),
      ['fix-one', 'fix-two'],
    );
    await machine.ok('wait', 'fix-one', 'fix-two');
  });

  it('can come one after the other', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({
      prompts: [
        { match: 'first', steps: [says('x'), { type: 'wait-for-file', path: goOn }, fix, done] },
        { steps: [fix, done] },
      ],
    });
    await machine.ok('run', 'the first thing', '--name', 'the-first', '--no-wait', ...verify);
    await machine.ok('run', 'the other thing', '--name', 'the-other', '--after', 'the-first', '--no-wait', ...verify);
    await machine.until('task-waiting', 'the-other');
    assert.match((await machine.ok('status')).stdout, /the-other .* waiting +waits for the-first/);
    assert.equal(
      machine.journal('the-other').some((record) => record.type === 'prompt-handed'),
      false,
    );
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-other');
  });
});

describe('a follower', () => {
  it('brings the host back that died under it, and sees the task to its end', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        { times: 1, match: '.', steps: [says('working'), { type: 'hang' }] },
        { match: 'interrupted', steps: [fix, done] },
      ],
    });
    const cli = machine.start('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const ended = finished(cli);
    await machine.until('prompt-accepted');
    const started = machine.journal().find((record) => record.type === 'host-started');
    assert.ok(started?.type === 'host-started');
    process.kill(started.process.pid, 'SIGKILL');
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /a new host took over \(epoch 2\)/);
  });
});

describe('a question', () => {
  it('ends the following with exit 3 and says how to answer; the answer goes on with the task', async (t) => {
    const machine = new Machine(t);
    const ask: Step = { type: 'callback', status: 'need_clarification', fields: { summary: 'Four or five?' } };
    machine.agent({ prompts: [{ match: 'It is four', steps: [fix, done] }, { steps: [ask] }] });
    const { code, stdout } = await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.equal(code, 3);
    assert.match(stdout, /the-sum: needs-person .*Four or five\?[\s\S]*conduxt answer clarify-\S+ "…"/);
    assert.match((await machine.ok('decisions')).stdout, /the-sum: Four or five\?/);
    await machine.ok('answer', 'the-sum', 'It is four');
    assert.match((await machine.ok('wait', 'the-sum')).stdout, /the-sum: completed/);
    assert.equal((await machine.run('answer', 'the-sum', 'again')).code, 4);
  });

  it('about a permission waits in the same way', async (t) => {
    const machine = new Machine(t);
    const permission: Step = {
      type: 'permission',
      wait: true,
      toolCall: { toolCallId: 'c1', title: 'rm -rf build', kind: 'execute' },
      options: [
        { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ],
    };
    machine.agent({ prompts: [{ steps: [permission, fix, done] }] });
    const args = ['run', 'Fix the sum', '--name', 'the-sum', '--permissions', 'ask', '--json', ...verify];
    const { code, stdout } = await machine.run(...args);
    assert.equal(code, 3);
    const outcome = linesOf(stdout).at(-1) as { decisions: { id: string; choices: string[] }[] };
    assert.deepEqual(outcome.decisions[0]?.choices, ['allow', 'deny', 'always']);
    await machine.ok('answer', outcome.decisions[0]?.id ?? '', 'allow');
    await machine.ok('wait', 'the-sum');
  });
});
