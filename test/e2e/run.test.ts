import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { waitFor } from '../host/scratch.ts';
import { finished, Machine } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
const verify = ['--verify', 'sh test.sh'];
const DIST = path.resolve(import.meta.dirname, '../../dist');

describe('conduxt run', () => {
  it('turns a sentence into a verified pull request and says so', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [{ type: 'text', text: 'On it.' }, fix, done] }] });
    const result = await machine.ok('run', 'Fix the sum in sum.txt', ...verify);
    assert.match(result.stdout + result.stderr, /completed/);
    const status = await machine.json('status');
    assert.match(JSON.stringify(status), /"state":"completed"/);
    const [branch] = machine.git('branch', '--list', 'fix/*', '--format=%(refname:short)').split('\n');
    assert.ok(branch);
    assert.equal(
      execFileSync('git', ['rev-parse', branch], { cwd: machine.remote, encoding: 'utf8' }).trim(),
      machine.git('rev-parse', branch),
      'the branch is at the remote',
    );
    assert.equal(machine.git('status', '--porcelain'), '');
  });

  it('survives kill -9 of the command line: the work goes on and wait finds its end', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({
      prompts: [{ steps: [{ type: 'text', text: 'working' }, { type: 'wait-for-file', path: goOn }, fix, done] }],
    });
    const cli = machine.start('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const ended = finished(cli);
    await machine.until('prompt-accepted');
    cli.kill('SIGKILL');
    await ended;
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-sum');
    assert.equal(machine.journal().filter((record) => record.type === 'prompt-handed').length, 1);
  });

  it('survives the terminal being closed: the command leaves, and the work goes on', async (t) => {
    if (spawnSync('script', ['--version']).status !== 0) return t.skip('script (util-linux) is not installed');
    const machine = new Machine(t);
    const [goOn, pidFile] = [machine.file('go-on'), machine.file('pid')];
    machine.agent({
      prompts: [{ steps: [{ type: 'text', text: 'working' }, { type: 'wait-for-file', path: goOn }, fix, done] }],
    });
    const words = [
      process.execPath,
      path.join(DIST, 'conduxt.js'),
      'run',
      'Fix the sum',
      '--name',
      'the-sum',
      ...verify,
    ];
    const quoted = words.map((word) => `'${word}'`).join(' ');
    writeFileSync(machine.file('command.sh'), `echo $$ > '${pidFile}'\nexec ${quoted}\n`);
    // As in a terminal of a desktop: a shell leads the session, and the command is its child.
    const line = `sh '${machine.file('command.sh')}'; :`;
    const terminal = spawn('script', ['-qec', line, '/dev/null'], {
      cwd: machine.repo,
      env: machine.env,
      stdio: 'pipe',
    });
    const closed = new Promise((resolve) => terminal.once('exit', resolve));
    await machine.until('prompt-accepted');
    terminal.kill('SIGKILL');
    await closed;
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await waitFor(
      machine.root,
      () => startTimeOf(pid) === null,
      20_000,
      () => 'the command stays without its terminal',
    );
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-sum');
    assert.equal(machine.journal().filter((record) => record.type === 'prompt-handed').length, 1);
    assert.equal(machine.journal().filter((record) => record.type === 'host-started').length, 1, 'the host lives on');
  });

  it('detaches at Ctrl-C, says how to come back, and cancels nothing', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({
      prompts: [{ steps: [{ type: 'text', text: 'working' }, { type: 'wait-for-file', path: goOn }, fix, done] }],
    });
    const cli = machine.start('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const ended = finished(cli);
    await machine.until('prompt-accepted');
    cli.kill('SIGINT');
    const result = await ended;
    assert.equal(result.code, 130);
    assert.match(result.stdout + result.stderr, /conduxt (wait|log|status) .*the-sum|the-sum/);
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-sum');
  });

  it('is told by start, too, as soon as the session is there: also while its host is starting', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'wait-for-file', path: goOn },
            { type: 'text', text: 'hello' },
          ],
        },
      ],
    });
    const cli = machine.start('start', 'helper', 'Say hello.');
    const ended = finished(cli);
    const sessions = path.join(machine.state, 'sessions');
    const isStarting = (): boolean =>
      existsSync(sessions) && readdirSync(sessions).some((id) => existsSync(path.join(sessions, id, 'host.log')));
    await waitFor(machine.root, isStarting, 20_000, () => 'no host was started');
    cli.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stdout + stderr, /You left/);
    writeFileSync(goOn, '');
    await machine.ok('wait', 'helper');
  });

  it('with --no-wait returns as soon as the task is durable and prints name, worktree and how to watch', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    const result = await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    assert.match(result.stdout, /the-sum/);
    assert.match(result.stdout, new RegExp(path.join(machine.root, 'worktrees', 'demo', 'the-sum')));
    await machine.ok('wait', 'the-sum');
  });

  it('runs three tasks side by side, with a tell and a cancel in the middle, each to its right end', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    const working: Step = { type: 'text', text: 'working' };
    machine.agent({
      prompts: [
        { match: 'first', times: 1, steps: [working, { type: 'wait-for-file', path: goOn }, fix, done] },
        {
          match: 'and also this',
          steps: [{ type: 'shell', command: 'echo x > also.txt && git add -A && git commit -qm also' }, done],
        },
        { match: 'second', steps: [working, { type: 'hang' }] },
        { match: 'third', steps: [fix, done] },
      ],
    });
    for (const name of ['first', 'second', 'third'])
      await machine.ok('run', `Mend the ${name} sum`, '--name', `${name}-sum`, '--no-wait', ...verify);
    await machine.until('prompt-accepted', 'first-sum');
    await machine.until('prompt-accepted', 'second-sum');
    await machine.ok('tell', 'first-sum', 'and also this');
    await machine.ok('cancel', 'second-sum', '--task');
    writeFileSync(goOn, '');
    await machine.ok('wait', 'first-sum');
    await machine.ok('wait', 'third-sum');
    assert.equal((await machine.run('wait', 'second-sum')).code, 8);
    const worktrees = path.join(machine.root, 'worktrees/demo');
    assert.ok(existsSync(path.join(worktrees, 'first-sum/also.txt')));
    assert.equal(readFileSync(path.join(worktrees, 'second-sum/sum.txt'), 'utf8'), '5\n');
  });

  it('takes issue 78 from a file of the repository', async (t) => {
    const machine = new Machine(t);
    execFileSync('mkdir', ['-p', path.join(machine.repo, '.conduxt/issues')]);
    writeFileSync(path.join(machine.repo, '.conduxt/issues/78.md'), '# The sum is wrong\n\nIt must be 4.\n');
    machine.agent({ prompts: [{ match: 'It must be 4', steps: [fix, done] }] });
    await machine.ok('run', 'fix issue #78', ...verify);
    assert.match(machine.git('branch', '--list'), /fix\/issue-78/);
  });

  it('refuses a second task of the same name and names the ways on', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    const second = await machine.run('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    assert.equal(second.code, 6);
    assert.match(second.stderr, /conduxt tell the-sum[\s\S]*--name|retry/);
    assert.equal(machine.sessionIds().length, 1);
  });

  it('holds the cap on running tasks across shells: the next waits, visibly, and starts by itself', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent(
      {
        prompts: [
          { match: 'first', steps: [{ type: 'text', text: 'x' }, { type: 'wait-for-file', path: goOn }, fix, done] },
          { match: '.', steps: [fix, done] },
        ],
      },
      { slots: { perUser: 1 } },
    );
    await machine.ok('run', 'first', '--name', 'the-first', '--no-wait', ...verify);
    await machine.until('prompt-accepted', 'the-first');
    await machine.ok('run', 'other', '--name', 'the-other', '--no-wait', ...verify);
    await machine.until('slot-waiting', 'the-other');
    assert.match((await machine.ok('status')).stdout, /the-other.*waiting/);
    writeFileSync(goOn, '');
    await machine.ok('wait', 'the-other');
  });

  it('keeps the work safe when the remote is away, and conduxt pr finishes it later', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    renameSync(machine.remote, `${machine.remote}.away`);
    const blocked = await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.equal(blocked.code, 9, blocked.stdout + blocked.stderr);
    assert.match(blocked.stdout, /conduxt pr the-sum/);
    assert.doesNotMatch(blocked.stdout, /conduxt clean/, 'nothing is merged yet');
    const saysWhy = (blocked.stdout + blocked.stderr).match(/does not appear to be a git repository/g) ?? [];
    assert.equal(saysWhy.length, 2, 'once in the progress, once in the outcome');
    assert.doesNotMatch(blocked.stdout + blocked.stderr, /correct access rights/, "git's boilerplate");
    const early = await machine.run('clean', 'the-sum');
    assert.equal(early.code, 6);
    assert.match(early.stderr, /the-sum is blocked: .*\n.*conduxt pr the-sum.*--discard-commits/);
    renameSync(`${machine.remote}.away`, machine.remote);
    await machine.ok('pr', 'the-sum');
    const branch = machine.git('branch', '--list', '*the-sum', '--format=%(refname:short)');
    assert.equal(
      execFileSync('git', ['rev-parse', branch], { cwd: machine.remote, encoding: 'utf8' }).trim(),
      machine.git('rev-parse', branch),
    );
    assert.equal((await machine.run('wait', 'the-sum')).code, 0);
    await machine.ok('clean', 'the-sum');
  });

  it('touches nothing with --dry-run', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [] });
    const result = await machine.ok('run', 'Fix the sum', '--dry-run', ...verify);
    assert.match(result.stdout, /Fix the sum/);
    assert.match(result.stdout, /callback-json/);
    assert.deepEqual(machine.sessionIds(), []);
    assert.equal(existsSync(path.join(machine.root, 'worktrees')), false);
  });
});

describe('watchdog --once', () => {
  it('brings back a session whose host was killed', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        { times: 1, match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] },
        { match: 'interrupted', steps: [fix, done] },
      ],
    });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    await machine.until('prompt-accepted');
    const started = machine.journal().find((record) => record.type === 'host-started');
    assert.ok(started?.type === 'host-started');
    process.kill(started.process.pid, 'SIGKILL');
    await machine.ok('watchdog', '--once');
    await machine.ok('wait', 'the-sum');
  });
});
