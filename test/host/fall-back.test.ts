import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script, Step as AdapterStep } from '../../src/rehearsal/fault-agent/script.ts';
import type { Step } from '../../src/rehearsal/scripted-tui/script.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { socketNameFor } from '../../src/tmux/server.ts';
import { sessionRecord } from '../session/samples.ts';
import { hasTmux } from '../tmux/scratch.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const TUI = path.resolve(import.meta.dirname, '../../src/rehearsal/scripted-tui.ts');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', via: 'file', status: 'completed' };

/** A task whose agent has an adapter with this script, and the scripted TUI as its program for a terminal. */
function task(t: TestContext, adapter: Script, over: Partial<SessionRecord> = {}): [LiveSession, string] {
  const scratch = new Scratch(t);
  t.after(() => void spawnSync('tmux', ['-L', socketNameFor(scratch.home), 'kill-server'], { env: scratch.env }));
  const file = path.join(scratch.root, 'tui.script.json');
  const log = path.join(scratch.root, 'tui.ndjson');
  writeFileSync(file, JSON.stringify({ log, prompts: [{ steps: [fix, done] }] }));
  const launch = {
    ...sessionRecord().agent,
    name: 'fault',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', TUI, '--script', file],
  };
  const record = {
    requestedBackend: 'auto',
    terminal: { launch, sessionName: 'oc-test-fault-task-1' },
    ...over,
  } as const;
  return [scratch.task(adapter, { record, limits: { startTimeoutMs: 5_000 } }), log];
}

describe('a task whose adapter fails', { concurrency: 2 }, () => {
  it('to start goes on in a terminal, and says so', async (t) => {
    if (!(await hasTmux(t))) return;
    const [session] = task(t, { start: [{ type: 'exit', code: 1 }] });
    await session.host();
    assert.equal((await session.untilType('task-ended')).end, 'completed');
    const changed = await session.untilType('backend-changed');
    assert.partialDeepStrictEqual(changed, { from: 'acp', to: 'tmux', conversation: 'lost' });
    assert.match(changed.reason, /the adapter did not start/);
    assert.match(
      session
        .view()
        .folded.life.milestones.map(({ text }) => text)
        .join('\n'),
      /goes on in a terminal/,
    );
    assert.equal(session.types().filter((type) => type === 'prompt-handed').length, 1);
  });

  it('by dying again and again goes on in a terminal by recovery, and no prompt is handed twice', async (t) => {
    if (!(await hasTmux(t))) return;
    const [session] = task(t, {
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'text', text: 'hm' },
            { type: 'exit', signal: 'SIGKILL' },
          ],
        },
      ],
    });
    await session.host();
    assert.equal((await session.untilType('task-ended')).end, 'completed');
    const changed = await session.untilType('backend-changed');
    assert.match(changed.reason, /died 2 times/);
    const handed = session.journal().filter((record) => record.type === 'prompt-handed');
    assert.equal(new Set(handed.map(({ promptId }) => promptId)).size, handed.length);
    const kinds = session.journal().flatMap((record) => (record.type === 'prompt-queued' ? [record.kind] : []));
    assert.deepEqual(kinds, ['task', 'recovery', 'recovery']);
  });

  const breaks: readonly [string, AdapterStep, RegExp, readonly string[]][] = [
    [
      'with an answer that is none',
      { type: 'answer', result: { odd: 42 } },
      /broke the protocol/,
      ['task', 'reminder'],
    ],
    ['by closing its output', { type: 'close-stdout' }, /died 2 times/, ['task', 'recovery', 'recovery']],
  ];
  for (const [how, step, reason, kinds] of breaks) {
    it(`because it breaks the protocol in a turn, ${how}, goes on in a terminal, and the turn is not sent again`, async (t) => {
      if (!(await hasTmux(t))) return;
      const work: AdapterStep = { type: 'shell', command: 'echo half-done > sum.txt' };
      const [session, log] = task(t, { prompts: [{ match: '.', steps: [{ type: 'text', text: 'hm' }, work, step] }] });
      await session.host();
      assert.equal((await session.untilType('task-ended')).end, 'completed');
      assert.match((await session.untilType('backend-changed')).reason, reason);
      const records = session.journal();
      const handed = records.flatMap((record) => (record.type === 'prompt-handed' ? [record.promptId] : []));
      assert.equal(new Set(handed).size, handed.length, 'nothing was handed twice');
      assert.deepEqual(
        records.flatMap((record) => (record.type === 'prompt-queued' ? [record.kind] : [])),
        kinds,
      );
      // In the terminal it hears one prompt: the brief, with what was done so far, and not the task as if it were new.
      const heard = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"event":"prompt"'));
      assert.equal(heard.length, 1);
      assert.match(heard[0] ?? '', /could not be resumed[\s\S]*\+half-done/);
    });
  }

  it('because it breaks the protocol at its start goes on in a terminal', async (t) => {
    if (!(await hasTmux(t))) return;
    const [session] = task(t, { initialize: { protocolVersion: 'two' } });
    await session.host();
    assert.equal((await session.untilType('task-ended')).end, 'completed');
    assert.match((await session.untilType('backend-changed')).reason, /did not start/);
    assert.equal(session.types().filter((type) => type === 'prompt-handed').length, 1);
  });

  it('because it is missing goes on in a terminal', async (t) => {
    if (!(await hasTmux(t))) return;
    const agent = { ...sessionRecord().agent, name: 'fault', command: '/nowhere/adapter', args: [] };
    const [session] = task(t, {}, { agent });
    await session.host();
    assert.equal((await session.untilType('task-ended')).end, 'completed');
    assert.match((await session.untilType('backend-changed')).reason, /did not start/);
  });

  it('after some work hands on a brief: the task, what was answered, the diff so far', async (t) => {
    if (!(await hasTmux(t))) return;
    const half: AdapterStep = { type: 'shell', command: 'echo half-done > sum.txt' };
    const asks: AdapterStep = { type: 'callback', status: 'need_clarification', fields: { summary: 'Tabs?' } };
    const [session, log] = task(t, {
      prompts: [
        { match: 'Tabs, please', steps: [{ type: 'exit', signal: 'SIGKILL' }] },
        { match: 'interrupted', steps: [{ type: 'exit', signal: 'SIGKILL' }] },
        { match: '.', steps: [half, asks] },
      ],
    });
    await session.host();
    const { decision } = await session.untilType('decision-opened');
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'Tabs, please' });
    assert.equal((await session.untilType('task-ended')).end, 'completed');
    const [prompt] = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'prompt');
    const text = String(prompt?.['text']);
    assert.match(text, /could not be resumed[\s\S]*Make the sum 4\.[\s\S]*Tabs, please[\s\S]*\+half-done/);
    const handed = session.journal().flatMap((record) => (record.type === 'prompt-handed' ? [record.promptId] : []));
    assert.equal(new Set(handed).size, handed.length, 'nothing was handed twice');
  });

  it('stays with it when it was asked for', async (t) => {
    if (!(await hasTmux(t))) return;
    const [session] = task(t, { start: [{ type: 'exit', code: 1 }] }, { requestedBackend: 'acp' });
    await session.host();
    const end = await session.untilType('task-ended');
    assert.partialDeepStrictEqual(end, { end: 'failed', code: 'agent-unavailable' });
    assert.ok(!session.types().includes('backend-changed'));
  });
});
