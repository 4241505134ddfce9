import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
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

  it('stays with it when it was asked for', async (t) => {
    if (!(await hasTmux(t))) return;
    const [session] = task(t, { start: [{ type: 'exit', code: 1 }] }, { requestedBackend: 'acp' });
    await session.host();
    const end = await session.untilType('task-ended');
    assert.partialDeepStrictEqual(end, { end: 'failed', code: 'agent-unavailable' });
    assert.ok(!session.types().includes('backend-changed'));
  });
});
