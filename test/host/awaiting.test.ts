import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import type { Step } from '../../src/rehearsal/scripted-tui/script.ts';
import { tryLock } from '../../src/lock/file-lock.ts';
import { runDirectories } from '../../src/tmux/run-directory.ts';
import { patrol, type Watched } from '../../src/watchdog/patrol.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { settings } from '../watchdog/facts.ts';
import type { LiveSession, Scratch } from './scratch.ts';
import { fix, terminalScratch, type Over, type TerminalScratch } from './terminal-scratch.ts';

const reports = (phase: string): Step => ({ type: 'shell', command: `printf 'PHASE:${phase}\\n' > "$CONDUXT_PHASE"` });

/** A task whose agent ended with `awaiting_review`, with its work delivered. */
async function waiting(t: TestContext, over: Over = {}): Promise<TerminalScratch & { readonly task: LiveSession }> {
  const made = terminalScratch(t);
  const hooks = { notify: [{ type: 'marker', path: path.join(made.scratch.root, 'told') }], memoryFile: null } as const;
  const steps = [{ steps: [fix, reports('awaiting_review')] }, { steps: [reports('awaiting_ci')] }];
  const task = made.session('task', 'task-1', { prompts: steps }, { ...over, record: { hooks, ...over.record } });
  await task.host();
  await task.untilType('task-awaiting');
  await task.untilType('notified');
  return { ...made, task };
}

/** As a script around the agent does it: over a name of its own. */
function write(task: LiveSession, text: string): void {
  const [run] = runDirectories(task.paths.run);
  assert.ok(run);
  writeFileSync(run.phase, text);
}

async function look({ home, root, env }: Scratch, task: LiveSession): Promise<Watched> {
  const options = { home, runtimeDir: path.join(root, 'run'), env, settings, now: () => Date.now() };
  const found = (await patrol(options))?.sessions.find((one) => one.sessionId === task.record.id);
  assert.ok(found);
  return found;
}

async function leave(task: LiveSession): Promise<void> {
  const pid = await task.host();
  process.kill(pid, 'SIGTERM');
  await until(() => startTimeOf(pid) === null, 'the host left');
}

describe('a task that waits for a review', { concurrency: 2 }, () => {
  it('is delivered, holds neither slot nor lock, and its agent waits where it is', async (t) => {
    if (!(await hasTmux(t))) return;
    const hasFlock = spawnSync('flock', ['--version']).error === undefined;
    const made = terminalScratch(t);
    const file = path.join(made.scratch.root, 'the.lock');
    const script = { prompts: [{ steps: [fix, reports('awaiting_review')] }] };
    const turnLock = { file, waitMs: 60_000 };
    const task = made.session('task', 'task-1', script, hasFlock ? { record: { turnLock } } : {});
    await task.host();
    await task.untilType('task-awaiting');
    await task.untilType('slot-released');
    const view = task.view();
    assert.equal(view.state, 'awaiting-review');
    assert.ok(view.folded.delivery.pullRequest);
    assert.equal(view.folded.delivery.receipt?.verdict.type, 'green');
    assert.equal(view.folded.life.slot, 'none');
    for (const pool of ['user', 'agent-scripted']) {
      const directory = path.join(made.scratch.home, 'slots', pool);
      for (const name of readdirSync(directory).filter((one) => one.endsWith('.lock'))) {
        const lock = await tryLock(path.join(directory, name));
        assert.ok(lock !== null, `${pool}/${name} is held`);
        lock.release();
      }
    }
    if (hasFlock) assert.equal(spawnSync('flock', ['--nonblock', file, 'true']).status, 0);
    const [pane] = await made.server.panes();
    assert.ok(pane?.dead === false);
  });

  it('is completed when its phase file says merged, and its tests have passed once more', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, task } = await waiting(t);
    assert.ok(existsSync(path.join(scratch.root, 'told')), 'people were told');
    assert.ok(!task.types().includes('task-ended'));
    write(task, 'PHASE:merged\nby a colleague\n');
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['completed', 'verified by its tests']);
    const [report] = task.journal().filter((one) => one.type === 'phase-reported');
    assert.partialDeepStrictEqual(report, { phase: 'merged', words: 'by a colleague', by: 'agent' });
    assert.equal(task.types().filter((type) => type === 'verification-finished').length, 2);
    assert.equal(task.types().filter((type) => type === 'turn-ended').length, 1, 'no turn was spent on it');
  });

  it('goes on in the same pane with what the reviewer wants, and may wait for CI then', async (t) => {
    if (!(await hasTmux(t))) return;
    const { task } = await waiting(t);
    await task.tell('The reviewer wants a test.');
    await task.untilType('task-awaiting', 2);
    assert.equal(task.view().state, 'awaiting-ci');
    assert.equal(task.agentRecords('start').length, 1);
    assert.match(task.prompts()[1] ?? '', /The reviewer wants a test/);
    await task.untilType('notified', 2);
  });

  it('hears a person without its agent: failed ends it, in the words that were given', async (t) => {
    if (!(await hasTmux(t))) return;
    const { task } = await waiting(t);
    await leave(task);
    assert.equal(task.view().state, 'awaiting-review', 'nothing is owed, so nothing has crashed');
    await task.call({ op: 'phase', phase: 'failed', words: 'the design was rejected' });
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['failed', 'the design was rejected']);
    await assert.rejects(task.call({ op: 'phase', phase: 'merged', words: '' }), { code: 'not-awaiting', exitCode: 6 });
  });

  it('is left alone by the watchdog, and gets a host when its phase changed without one', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, task } = await waiting(t);
    await leave(task);
    const quiet = await look(scratch, task);
    assert.deepEqual([quiet.verdict?.rule, quiet.done], ['awaiting', []]);
    write(task, 'awaiting_ci\n');
    const heard = await look(scratch, task);
    assert.equal(heard.verdict?.rule, 'phase-reported');
    await task.untilType('phase-reported');
    await until(() => task.view().state === 'awaiting-ci', 'it waits for CI now');
    write(task, 'escalate\nWhich of the two designs?\n');
    const { decision } = await task.untilType('decision-opened');
    assert.deepEqual([decision.kind, decision.question], ['clarification', 'Which of the two designs?']);
  });

  it('is not ended by its time limit while it waits', async (t) => {
    if (!(await hasTmux(t))) return;
    // Long enough for the work, over when it has waited a while.
    const taskTimeoutMs = 12_000;
    const { task } = await waiting(t, { limits: { taskTimeoutMs } });
    const since = Date.now();
    const beganAt = Date.parse(task.view().folded.life.openedAt ?? '');
    await until(() => Date.now() > beganAt + taskTimeoutMs + 500, 'the limit is over', { withinMs: 20_000 });
    assert.equal(task.view().state, 'awaiting-review');
    write(task, 'done\n');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.ok(task.view().folded.awaiting.waitedMs >= Date.now() - since - 10_000);
  });
});
