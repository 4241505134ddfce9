import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { openFiles } from '../../src/process/open-files.ts';
import type { Step } from '../../src/rehearsal/scripted-tui/script.ts';
import { readStarted, runDirectories } from '../../src/tmux/run-directory.ts';
import { socketNameFor, TmuxServer } from '../../src/tmux/server.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { finished, Machine } from './scratch.ts';

/** What a front end is ended with: a closed terminal or a shut-down, an impatient person, the kernel. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const;

const TUI = path.resolve(import.meta.dirname, '../../dist/scripted-tui.js');

function machineWith(t: TestContext): Machine {
  const machine = new Machine(t);
  t.after(() => void spawnSync('tmux', ['-L', socketNameFor(machine.state), 'kill-server'], { env: machine.env }));
  const file = machine.file('tui.script.json');
  const steps: Step[] = [
    { type: 'say', text: 'I look at the sum.' },
    // A tool call that is under way while the front end goes.
    { type: 'write-file', path: machine.file('working') },
    { type: 'wait-for-file', path: machine.file('go-on') },
    { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" },
    { type: 'callback', via: 'file', status: 'completed' },
  ];
  writeFileSync(file, JSON.stringify({ log: machine.file('tui.ndjson'), prompts: [{ steps }] }));
  const terminal = { command: process.execPath, args: [TUI, '--script', file] };
  machine.agent({}, { agent: 'tui', agents: { tui: { terminal } } });
  return machine;
}

describe('a front end for agents in terminals', { concurrency: 2 }, () => {
  for (const signal of SIGNALS) {
    it(`that is ended by ${signal} in the middle of a tool call takes nothing with it`, async (t) => {
      if (!(await hasTmux(t))) return;
      const machine = machineWith(t);
      const front = machine.start(
        ...['run', 'Fix the sum', '--name', 'the-sum', '--verify', 'sh test.sh', '--backend', 'tmux'],
      );
      const gone = finished(front);
      await machine.untilFile(machine.file('working'));
      await machine.until('prompt-accepted');
      const [id = ''] = machine.sessionIds();
      const started = readStarted(runDirectories(path.join(machine.state, 'sessions', id, 'run'))[0] ?? never());
      assert.ok(started?.agentPid);
      // Process tree, descriptors and what is in flight: the agent holds nothing of the front end.
      const agent = identityOf(started.agentPid);
      const host = machine.journal().findLast((record) => record.type === 'host-started')?.process;
      assert.ok(agent && host && front.pid !== undefined);
      assert.notEqual(sessionOf(started.supervisor.pid), sessionOf(front.pid));
      assert.notEqual(sessionOf(host.pid), sessionOf(front.pid));
      const descriptors = openFiles(agent.pid).filter((file) => /^\/dev\/pts\/|^pipe:/.test(file));
      const shared = openFiles(front.pid).filter((file) => file.startsWith('pipe:') || file.startsWith('socket:'));
      assert.deepEqual(
        openFiles(agent.pid).filter((file) => shared.includes(file)),
        [],
      );

      process.kill(front.pid, signal);
      await gone;
      assert.ok(isAlive(agent) && isAlive(host) && isAlive(started.supervisor));
      assert.deepEqual(
        openFiles(agent.pid).filter((file) => /^\/dev\/pts\/|^pipe:/.test(file)),
        descriptors,
      );
      assert.ok(!machine.journal().some((record) => record.type === 'turn-ended'));

      // Re-attached: a fresh terminal gets the way to it, and what was said before is on its screen.
      const { command } = await machine.json('attach', 'the-sum');
      assert.match(String(command), /attach-session/);
      const server = new TmuxServer(machine.state, machine.env);
      const [pane] = await server.panes();
      assert.match((await server.capture(pane?.paneId ?? '', { history: true })) ?? '', /I look at the sum\./);

      writeFileSync(machine.file('go-on'), '');
      assert.equal((await machine.run('wait', 'the-sum')).code, 0);
      assert.equal(machine.journal().filter((record) => record.type === 'prompt-handed').length, 1);
      assert.equal(machine.journal().filter((record) => record.type === 'host-started').length, 1);

      await machine.ok('stop', 'the-sum');
      await until(async () => (await server.panes()).length === 0, 'its pane has ended');
      assert.deepEqual(markedPids(id), []);
      assert.ok(existsSync(machine.file('tui.ndjson')));
    });
  }

  it('that finds no tmux at all refuses an agent for a terminal, with a remedy', async (t) => {
    const machine = machineWith(t);
    const bin = machine.file('bin-without-tmux');
    spawnSync('sh', ['-c', 'mkdir "$1" && ln -s "$(command -v git)" "$(command -v sh)" "$1"', 'sh', bin]);
    machine.env['PATH'] = `${bin}${path.delimiter}${path.dirname(process.execPath)}`;
    if (spawnSync('tmux', ['-V'], { env: machine.env }).error === undefined)
      return t.skip('tmux lies beside node here');
    const refused = await machine.run('run', 'Fix the sum', '--backend', 'tmux', '--verify', 'sh test.sh');
    assert.equal(refused.code, 5, refused.stderr);
    assert.match(refused.stderr, /tmux/);
  });
});

function never(): never {
  throw new Error('no pane was started');
}

/** What a closing terminal signals as one; Linux, elsewhere every process has its own here. */
function sessionOf(pid: number): number {
  if (process.platform !== 'linux') return pid;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}
