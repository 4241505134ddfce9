import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import { finished, Machine } from '../e2e/scratch.ts';
import { waitFor } from '../host/scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
const failed: Step = { type: 'callback', status: 'failed', fields: { summary: 'I cannot.' } };
const says = (text: string): Step => ({ type: 'text', text });
const verify = ['--verify', 'sh test.sh'];

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

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

describe('tell', () => {
  it('to a finished task takes it up again: same branch, same pull request', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'changelog',
          steps: [{ type: 'shell', command: 'echo log > log.md && git add -A && git commit -qm log' }, done],
        },
        { steps: [fix, done] },
      ],
    });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const told = await machine.ok('tell', 'the-sum', 'and the changelog', '--wait');
    assert.match(told.stderr, /turn +2 begins/, 'turns are counted on');
    const pulls = machine
      .journal()
      .flatMap((record) =>
        record.type === 'step-finished' && record.outcome.type === 'pull-request' ? [record.outcome] : [],
      );
    assert.deepEqual(
      pulls.map(({ url, created }) => [url, created]),
      [
        [pulls[0]?.url, true],
        [pulls[0]?.url, false],
      ],
    );
    assert.match(machine.git('show', '--stat', 'fix/the-sum'), /log\.md/);
  });

  it('--create starts a session with what was to be said', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: 'hello', steps: [says('Hi.')] }] });
    assert.equal((await machine.run('tell', 'helper', 'hello')).code, 4);
    const { stdout } = await machine.ok('tell', 'helper', 'hello', '--create', '--wait');
    assert.match(stdout, /helper: idle/);
    assert.equal((await machine.json('status', 'helper'))['session']?.['kind' as never], 'session');
  });
});

describe('tell --create', () => {
  it('says the same words under the same key once, also when several commands create at once', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: 'hello', steps: [says('Hi.')] }] });
    const args = ['tell', 'helper', '--create', '--key', 'k-1', 'hello'];
    const first = await Promise.all([1, 2, 3].map(() => machine.json(...args)));
    first.push(await machine.json(...args));
    assert.deepEqual(first.map(({ outcome }) => outcome).toSorted(), ['duplicate', 'duplicate', 'duplicate', 'queued']);
    assert.equal(first.filter(({ created }) => created === true).length, 1);
    assert.deepEqual(new Set(first.map(({ key, promptId }) => `${String(key)} ${String(promptId)}`)).size, 1);
    await machine.ok('wait', 'helper');
    const handed = machine.journal('helper').filter((record) => record.type === 'prompt-handed');
    assert.equal(handed.length, 1);
    assert.equal((await machine.run('tell', 'helper', '--create', '--key', 'k-1', 'other words')).code, 2);
  });
});

describe('ask', () => {
  it('prints the answer and nothing else, and leaves no name behind', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'teapot',
          steps: [says('Looking.'), { type: 'tool', toolCallId: 'c1', title: 'Read' }, says('I am one.')],
        },
      ],
    });
    const { stdout, stderr } = await machine.ok('ask', 'What is a teapot?');
    assert.deepEqual([stdout, stderr], ['I am one.\n', '']);
    assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
    const [id] = machine.sessionIds();
    assert.match((await machine.ok('log', id ?? '')).stdout, /I am one\./);
  });
});

describe('ask --timeout', () => {
  it('is over at once, with a sentence and an error document, and the agent is ended behind it', async (t) => {
    const machine = new Machine(t);
    const stubborn = { onCancel: { answer: 'ignore' }, onTerm: 'ignore', onEof: 'ignore' } as const;
    machine.agent({ ...stubborn, prompts: [{ match: '.', steps: [says('Hm.'), { type: 'hang' }] }] });
    const { code, stdout, stderr } = await machine.run('ask', 'why?', '--timeout', '1s', '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; remedy: string } };
    assert.deepEqual([code, error.code, error.message], [7, 'timed-out', 'fault did not answer within 1.0 s.'], stderr);
    assert.match(error.remedy, /--timeout.*conduxt log s-/);
    const types = machine.journal().map(({ type }) => type);
    assert.deepEqual([types.includes('session-stopped'), types.includes('agent-exited')], [true, false]);
    assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
  });
});

describe('a login that is missing', () => {
  it('is exit 5 with a remedy, for a task and for a question', async (t) => {
    const machine = new Machine(t);
    const error = { code: -32000, message: 'Authentication required' };
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'answer', error }] }] });
    const run = await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.equal(run.code, 5, run.stdout + run.stderr);
    assert.match(run.stdout, /the agent is not logged in.*; log in \(conduxt doctor/);
    const ask = await machine.run('ask', 'why?');
    assert.equal(ask.code, 5, ask.stderr);
    assert.match(ask.stderr, /→ Log in; conduxt doctor fault says how\./);
  });
});

describe('an answer that is none of the choices', () => {
  it('is a mistake in the command line, and the question stays', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.run('run', 'Fix the sum', '--name', 'the-sum');
    const { code, stderr } = await machine.run('answer', 'the-sum', 'maybe');
    assert.deepEqual([code, /"maybe" is not one of the choices: deliver, fail/.test(stderr)], [2, true], stderr);
    await machine.ok('answer', 'the-sum', 'deliver');
  });
});

describe('an agent that would judge its own work', () => {
  it('is refused, also when it unsets the marker of its session', async (t) => {
    const machine = new Machine(t);
    const said = machine.file('said.txt');
    const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');
    const call = (...args: string[]): string =>
      `env -u CONDUXT_SESSION CONDUXT_HOME='${machine.state}' '${process.execPath}' '${program}' ${args.join(' ')} >> '${said}' 2>&1; echo "= $?" >> '${said}'`;
    writeFileSync(path.join(machine.repo, 'conduxt.json'), '{"verify":{"command":"true"}}');
    machine.git('add', '-A');
    machine.git('commit', '-qm', 'Configure');
    const steps: Step[] = [
      { type: 'shell', command: call('pr', 'the-sum') },
      { type: 'shell', command: call('trust', '--yes') },
    ];
    machine.agent({ prompts: [{ steps: [...steps, fix, done] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const text = readFileSync(said, 'utf8');
    assert.deepEqual(text.match(/^= \d+$/gm), ['= 6', '= 6'], text);
    assert.match(text, /pr the-sum was called from inside of the-sum itself/);
    assert.match(text, /trust was called by the-sum, an agent at work in this repository/);
  });
});

describe('the memory file', () => {
  it('is right when run, wait and clean return', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: '.', steps: [fix, done] }] }, { memory: 'MEMORY.md' });
    const memory = (): string => readFileSync(path.join(machine.repo, 'MEMORY.md'), 'utf8');
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.match(memory(), /Status.{0,8}completed/);
    await machine.ok('run', 'Fix another', '--name', 'other', '--no-wait', ...verify);
    await machine.ok('wait', 'other');
    assert.equal(memory().match(/Status.{0,8}completed/g)?.length, 2);
    assert.doesNotMatch(memory(), /cleaned up/);
    await machine.ok('clean', 'the-sum');
    assert.match(memory(), /the-sum` \(cleaned up\)/);
  });
});

describe('stop', () => {
  it('says what it waits for when the agent takes its time', async (t) => {
    const machine = new Machine(t);
    machine.agent(
      { onCancel: { answer: 'ignore' }, prompts: [{ match: '.', steps: [says('Hm.'), { type: 'hang' }] }] },
      { timeouts: { cancelSeconds: 3 } },
    );
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    await machine.until('prompt-accepted');
    const { stderr } = await machine.ok('stop', 'the-sum');
    assert.match(stderr, /^the-sum: waiting for fault to end; after 3 s it is ended by force\.$/m);
  });
});

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
    const mounted = [
      ['--bind', machine.state, machine.state],
      ['-o', 'remount,ro,bind', machine.state],
    ].map((args) => spawnSync('mount', args).status);
    t.after(() => spawnSync('umount', ['-l', machine.state]));
    if (mounted.some((status) => status !== 0)) {
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
