import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step as TuiStep } from '../../src/rehearsal/scripted-tui/script.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { socketNameFor } from '../../src/tmux/server.ts';
import type { Script as HeadlessScript } from '../backend/headless/scripted-agent.ts';
import { Machine } from '../e2e/scratch.ts';
import { hasTmux } from '../tmux/scratch.ts';

const SCRIPTED = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');
const TUI = path.resolve(import.meta.dirname, '../../dist/scripted-tui.js');
const FULL = process.env['FAULTS'] === 'all';

/** Peak memory of a living process in MiB. */
const peakMiB = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe('an agent that floods', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  it('does not make its host grow beyond 120 MiB', { timeout: 300_000 }, async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'flood',
          steps: [
            { type: 'flood', count: FULL ? 100_000 : 5_000, bytes: 2_000 },
            { type: 'huge-line', bytes: 100_000_000 },
            { type: 'flood', count: FULL ? 50 : 10, bytes: 2_000_000 },
            { type: 'text', text: 'after the flood' },
          ],
        },
        { match: '.', steps: [{ type: 'text', text: 'ok' }] },
      ],
    });
    await machine.ok('start', 'x', 'be calm');
    const pid = foldSession(machine.journal()).life.host?.process.pid;
    assert.ok(pid !== undefined);
    const before = peakMiB(pid);
    await machine.ok('tell', 'x', 'flood');
    await machine.ok('wait', 'x', '--timeout', '4m');
    assert.equal(foldSession(machine.journal()).life.host?.process.pid, pid, 'the same host');
    const ends = machine.journal().flatMap((record) => (record.type === 'turn-ended' ? [record.lastMessage] : []));
    assert.match(ends[1] ?? '', /after the flood$/);
    const after = peakMiB(pid);
    const output = FULL ? 400 : 130;
    t.diagnostic(
      `host: ${before.toFixed(0)} MiB at its peak before ${output} MB of output, ${after.toFixed(0)} MiB after it`,
    );
    assert.ok(after < 120, `${after} MiB`);
  });

  it('without ACP does not either', { timeout: 300_000 }, async (t) => {
    const machine = new Machine(t);
    const file = machine.file('headless.script.json');
    const script: HeadlessScript = {
      log: machine.file('headless.ndjson'),
      state: machine.file('conversations.json'),
      prompts: [
        [{ type: 'say', text: 'calm' }],
        [
          { type: 'flood', count: FULL ? 100_000 : 5_000, bytes: 2_000 },
          { type: 'flood', count: 1, bytes: 100_000_000 },
          { type: 'flood', count: FULL ? 50 : 10, bytes: 2_000_000 },
          { type: 'say', text: 'after the flood' },
        ],
      ],
    };
    writeFileSync(file, JSON.stringify(script));
    const args = ['--disable-warning=ExperimentalWarning', SCRIPTED, file];
    machine.agent({}, { agent: 'codex', agents: { codex: { headless: { command: process.execPath, args } } } });
    await machine.ok('start', 'x', 'be calm', '--backend', 'headless');
    const peak = await peakOfFlood(machine);
    t.diagnostic(`host of a headless agent: ${peak.toFixed(0)} MiB at its peak after ${FULL ? 400 : 130} MB of output`);
    assert.ok(peak < 120, `${peak} MiB`);
  });

  it('in a terminal does not either', { timeout: 300_000 }, async (t) => {
    if (!(await hasTmux(t))) return;
    const machine = new Machine(t);
    t.after(() => void spawnSync('tmux', ['-L', socketNameFor(machine.state), 'kill-server'], { env: machine.env }));
    const file = machine.file('tui.script.json');
    const [line, lines] = FULL ? [100, 300] : [10, 20];
    const flood = `head -c ${line}000000 /dev/zero | tr '\\0' x > /dev/tty; yes 'a line of no use' | head -c ${lines}000000 > /dev/tty`;
    const done: TuiStep = { type: 'callback', via: 'file', status: 'completed' };
    const prompts = [{ steps: [done] }, { steps: [{ type: 'shell', command: flood }, done] }];
    writeFileSync(file, JSON.stringify({ log: machine.file('tui.ndjson'), prompts }));
    const terminal = { command: process.execPath, args: [TUI, '--script', file] };
    machine.agent({}, { agent: 'tui', agents: { tui: { terminal } } });
    await machine.ok('start', 'x', 'be calm', '--backend', 'tmux');
    const peak = await peakOfFlood(machine);
    t.diagnostic(
      `host of an agent in a terminal: ${peak.toFixed(0)} MiB at its peak after ${line + lines} MB of output`,
    );
    assert.ok(peak < 120, `${peak} MiB`);
  });
});

/** Has the agent flood its living host. @returns the host's peak in MiB. */
async function peakOfFlood(machine: Machine): Promise<number> {
  const { host } = foldSession(machine.journal()).life;
  assert.ok(host !== null);
  await machine.ok('tell', 'x', 'flood');
  const { code, stderr } = await machine.run('wait', 'x', '--timeout', '4m');
  assert.ok(code === 0 || code === 1, stderr);
  const after = foldSession(machine.journal());
  assert.equal(after.life.host?.process.pid, host.process.pid, 'the same host');
  assert.equal(after.turns.count, 2);
  return peakMiB(host.process.pid);
}
