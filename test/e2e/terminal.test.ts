import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script, Step } from '../../src/rehearsal/scripted-tui/script.ts';
import { socketNameFor, TmuxServer } from '../../src/tmux/server.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { foldedOf, killHost } from '../faults/syscalls/looks.ts';
import { Machine } from './scratch.ts';

const TUI = path.resolve(import.meta.dirname, '../../dist/scripted-tui.js');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', via: 'file', status: 'completed' };

/** A user's machine whose only agent is a program for a terminal. */
function machineWith(t: TestContext, script: Script): Machine {
  const machine = new Machine(t);
  t.after(() => void spawnSync('tmux', ['-L', socketNameFor(machine.state), 'kill-server'], { env: machine.env }));
  const file = machine.file('tui.script.json');
  writeFileSync(
    file,
    JSON.stringify({ log: machine.file('tui.ndjson'), ...script }).replaceAll('{{root}}', machine.root),
  );
  const terminal = { command: process.execPath, args: [TUI, '--script', file] };
  machine.agent({}, { agent: 'tui', agents: { tui: { terminal } } });
  return machine;
}

const log = (machine: Machine, event: string): Record<string, unknown>[] =>
  readFileSync(machine.file('tui.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((record) => record['event'] === event);

describe('conduxt with an agent in a terminal', { concurrency: 2 }, () => {
  it('takes a task to a verified pull request', async (t) => {
    if (!(await hasTmux(t))) return;
    const machine = machineWith(t, { prompts: [{ steps: [fix, done] }] });
    const ran = await machine.run(
      'run',
      'Fix the sum',
      '--name',
      'the-sum',
      '--verify',
      'sh test.sh',
      '--backend',
      'tmux',
    );
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout + ran.stderr, /over tmux[\s\S]*completed/);
    const status = await machine.run('status', 'the-sum', '--json');
    const { session } = JSON.parse(status.stdout) as { session: Record<string, unknown> };
    assert.partialDeepStrictEqual(session, { backend: 'tmux', requestedBackend: 'tmux', state: 'completed' });
    assert.match(String((session['pullRequest'] as Record<string, unknown>)['url']), /^file:/);
    const stopped = await machine.run('stop', 'the-sum', '--json');
    assert.equal(stopped.code, 0);
    assert.deepEqual(await new TmuxServer(machine.state, machine.env).panes(), []);
  });

  it('falls to it by itself when the agent speaks no ACP', async (t) => {
    if (!(await hasTmux(t))) return;
    const machine = machineWith(t, { prompts: [{ steps: [fix, done] }] });
    const ran = await machine.run('run', 'Fix the sum', '--dry-run', '--json');
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    const { tasks } = JSON.parse(ran.stdout) as { tasks: { backend: string; warnings: string[] }[] };
    assert.equal(tasks[0]?.backend, 'tmux');
    assert.match(tasks[0].warnings.join(), /is driven in a terminal/);
    const agents = await machine.run('agents', '--json');
    const found = (JSON.parse(agents.stdout) as { agents: { name: string }[] }).agents;
    const tui = found.find(({ name }) => name === 'tui');
    assert.partialDeepStrictEqual(tui, { name: 'tui', state: 'found' });
  });

  it('can be looked at without being disturbed, and left without an end', async (t) => {
    if (!(await hasTmux(t))) return;
    const wait: Step = { type: 'wait-for-file', path: '{{root}}/go-on' };
    const machine = machineWith(t, {
      prompts: [{ steps: [{ type: 'say', text: 'I look at the sum.' }, wait, fix, done] }],
    });
    const run = ['run', 'Fix the sum', '--name', 'the-sum', '--verify', 'sh test.sh', '--backend', 'tmux', '--no-wait'];
    assert.equal((await machine.run(...run)).code, 0);
    await until(() => existsSync(machine.file('tui.ndjson')) && log(machine, 'prompt').length === 1, 'it works');

    const nested = spawnSync(process.execPath, [path.join(path.dirname(TUI), 'conduxt.js'), 'attach', 'the-sum'], {
      cwd: machine.repo,
      env: { ...machine.env, TMUX: '/tmp/x,1,0' },
      encoding: 'utf8',
    });
    assert.equal(nested.status, 6, nested.stderr);
    assert.match(nested.stderr, /no tmux into another/);

    // A person's terminal: a pane of another server, of the size of a small screen.
    mkdirSync(machine.file('desk'));
    const desk = new TmuxServer(machine.file('desk'), machine.env);
    t.after(() => void spawnSync('tmux', ['-L', desk.socketName, 'kill-server'], { env: machine.env }));
    const command = `cd ${machine.repo} && env -u TMUX CONDUXT_HOME=${machine.state} HOME=${machine.home} ${process.execPath} ${path.dirname(TUI)}/conduxt.js attach the-sum; echo left-with-$?; sleep 60`;
    const argv = ['sh', '-c', command] as const;
    const person = await desk.newPane({
      sessionName: 'desk',
      width: 90,
      height: 30,
      argv: [...argv],
      logFile: machine.file('desk.log'),
    });
    const shown = async (): Promise<string> => (await desk.capture(person.paneId)) ?? '';
    await until(async () => (await shown()).includes('I look at the sum.'), 'the agent is seen');
    await desk.press(person.paneId, ['x', 'Escape', 'C-c', 'Enter']);
    await desk.press(person.paneId, ['C-b', 'd']);
    await until(async () => (await shown()).includes('left-with-0'), 'the person has left');
    assert.deepEqual([log(machine, 'escape'), log(machine, 'ctrl-c'), log(machine, 'text')], [[], [], []]);
    const [pane] = await new TmuxServer(machine.state, machine.env).panes();
    assert.ok(pane);
    assert.match(pane.sessionName, /^oc-[a-z0-9]+-tui-the-sum$/, 'prefix, repository, agent, task');
    const size = execFileSync(
      'tmux',
      ['-L', socketNameFor(machine.state), 'display-message', '-p', '-t', pane.paneId, '#{pane_width}x#{pane_height}'],
      { env: machine.env, encoding: 'utf8' },
    );
    assert.equal(size.trim(), '220x60');

    writeFileSync(machine.file('go-on'), '');
    assert.equal((await machine.run('wait', 'the-sum')).code, 0);
  });

  it('is brought to its end by the watchdog alone when host and pane died in the middle of a turn', async (t) => {
    if (!(await hasTmux(t))) return;
    const machine = machineWith(t, {
      prompts: [
        { steps: [{ type: 'write-file', path: '{{root}}/working' }, { type: 'hang' }] },
        { steps: [fix, done] },
      ],
    });
    await machine.ok(
      'run',
      'Fix the sum',
      '--name',
      'the-sum',
      '--verify',
      'sh test.sh',
      '--backend',
      'tmux',
      '--no-wait',
    );
    await until(() => existsSync(machine.file('working')), 'the agent works');
    await machine.ok('tell', 'the-sum', 'a word on the way');
    await killHost(machine, 'the-sum');
    execFileSync('tmux', ['-L', socketNameFor(machine.state), 'kill-server'], { env: machine.env });

    const isOver = (): boolean => foldedOf(machine, 'the-sum').life.ended !== null;
    await machine.ok('watchdog', '--once');
    await until(isOver, 'the task came to its end');
    assert.equal(foldedOf(machine, 'the-sum').life.ended?.end, 'completed');
    const prompts = log(machine, 'prompt').map(({ text }) => String(text));
    assert.equal(prompts.length, 2);
    assert.ok(prompts[1]?.includes('Fix the sum') === true && prompts[1].includes('a word on the way'), prompts[1]);
    const told = readFileSync(machine.file('tui.ndjson'), 'utf8');
    await machine.ok('watchdog', '--once');
    assert.equal(readFileSync(machine.file('tui.ndjson'), 'utf8'), told, 'a second look does nothing more');
  });

  it('takes its callback by a command, and says what is wrong with one', async (t) => {
    const machine = new Machine(t);
    const target = machine.file('callback.json');
    const call = (json: string, env: Record<string, string> = { CONDUXT_CALLBACK: target }) =>
      spawnSync(process.execPath, [path.join(path.dirname(TUI), 'conduxt.js'), 'callback'], {
        cwd: machine.repo,
        env: { ...machine.env, ...env },
        input: json,
        encoding: 'utf8',
      });
    const callback = { task_id: 'x', nonce: 'n', status: 'completed', summary: 'done' };
    assert.equal(call(JSON.stringify(callback)).status, 0);
    assert.partialDeepStrictEqual(JSON.parse(readFileSync(target, 'utf8')), callback);
    const wrong = call('{"task_id":"x","nonce":"n","status":"great","summary":""}');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /"status" was wrong/);
    assert.equal(call(JSON.stringify(callback), {}).status, 2);
  });
});
