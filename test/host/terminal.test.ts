import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { killMarked } from '../process/kill-marked.ts';
import type { Step } from '../../src/rehearsal/scripted-tui/script.ts';
import { readStarted, runDirectories } from '../../src/tmux/run-directory.ts';
import { sessionRecord } from '../session/samples.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { done, fix, terminalScratch } from './terminal-scratch.ts';

describe('a task in a terminal', { concurrency: 2 }, () => {
  it('goes from its prompt to a verified pull request, and its pane ends with it', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, server, session } = terminalScratch(t);
    const task = session('task', 'task-1', { prompts: [{ steps: [fix, done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['completed', 'verified by its tests']);
    const { delivery } = task.view().folded;
    assert.equal(delivery.receipt?.commit, scratch.git('rev-parse', 'fix/task-1'));
    assert.ok(delivery.pullRequest);
    assert.match(readFileSync(new URL(delivery.pullRequest.url), 'utf8'), /in a terminal/);
    const [prompt] = task.prompts();
    assert.match(prompt ?? '', /Make the sum 4\.[\s\S]*callback-json[\s\S]*CONDUXT_CALLBACK/);
    const [pane] = await server.panes();
    assert.equal(pane?.sessionName, 'oc-12345678-scripted-task-1');
    await task.call({ op: 'stop' });
    assert.deepEqual(await server.panes(), []);
    assert.deepEqual(markedPids(task.record.id), []);
  });

  it('is sent back while its tests are red, into the same pane', async (t) => {
    if (!(await hasTmux(t))) return;
    const { session } = terminalScratch(t);
    const wrong: Step = { type: 'shell', command: "echo 6 > sum.txt && git commit -qam 'fix: wrong'" };
    const task = session('task', 'task-1', { prompts: [{ steps: [wrong, done] }, { steps: [fix, done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /0 passed, 1 failed/);
    assert.equal(task.agentRecords('start').length, 1);
  });

  it('may end it with a phase, also when it leaves at once, and is still verified', async (t) => {
    if (!(await hasTmux(t))) return;
    const { session } = terminalScratch(t);
    const phase: Step = { type: 'shell', command: `printf ' PHASE:done \\nThe sum is 4.' > "$CONDUXT_PHASE"` };
    const task = session('task', 'task-1', {
      prompts: [{ steps: [phase] }, { steps: [fix, phase, { type: 'exit', code: 7 }] }],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /changes nothing/, 'the first one was not believed');
    const last = task.journal().findLast((record) => record.type === 'turn-ended');
    assert.partialDeepStrictEqual(last, { callback: { type: 'valid', callback: { summary: 'The sum is 4.' } } });
  });

  it('loses nothing and types nothing twice when its host is killed in the middle of a turn', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, session } = terminalScratch(t);
    const task = session('task', 'task-1', {
      prompts: [
        {
          steps: [
            { type: 'write-file', path: '{{root}}/working' },
            { type: 'wait-for-file', path: '{{root}}/go-on' },
            fix,
            done,
          ],
        },
      ],
    });
    await task.host();
    await task.untilFile(path.join(scratch.root, 'working'));
    await task.untilType('prompt-accepted');
    await task.killHost();
    assert.equal(markedPids(task.record.id).length > 0, true, 'the agent goes on');
    writeFileSync(path.join(scratch.root, 'go-on'), '');
    await until(() => task.agentRecords('turn-over').length === 1, 'the agent finished alone');
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'completed');
    assert.equal(task.agentRecords('paste').length, 1);
    assert.equal(task.agentRecords('start').length, 1);
    assert.equal(task.types().filter((type) => type === 'prompt-accepted').length, 1);
    assert.equal(task.types().filter((type) => type === 'agent-started').length, 1);
    assert.equal((await task.untilType('turn-ended')).verdict, 'done');
  });

  it('goes on by recovery when its agent died together with its host', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, session } = terminalScratch(t);
    const task = session('task', 'task-1', {
      prompts: [
        { steps: [{ type: 'write-file', path: '{{root}}/working' }, { type: 'hang' }] },
        { steps: [fix, done] },
      ],
    });
    await task.host();
    await task.untilFile(path.join(scratch.root, 'working'));
    await task.killHost();
    killMarked(task.record.id);
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /interrupted/);
  });

  it('asks a person about a dialog, and goes on in the same pane when it was answered', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server, session } = terminalScratch(t);
    const dialog = { text: 'Do you trust the files in this folder?', key: '1' };
    const task = session('task', 'task-1', { dialog, prompts: [{ steps: [fix, done] }] });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    assert.equal(decision.kind, 'dialog');
    assert.match(decision.question, /Do you trust the files[\s\S]*conduxt attach/);
    assert.deepEqual(task.agentRecords('dialog-key'), []);
    const [pane] = await server.panes();
    assert.ok(pane);
    await server.press(pane.paneId, ['1']);
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.agentRecords('start').length, 1);
  });
});

describe('a question at the start of an agent in a terminal', { concurrency: 2 }, () => {
  const dialog = { text: 'Do you trust the files in this folder?', key: '1' };

  it('is answered by a choice that stands on its screen', async (t) => {
    if (!(await hasTmux(t))) return;
    const { session } = terminalScratch(t);
    const task = session('task', 'task-1', { dialog, prompts: [{ steps: [fix, done] }] });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    assert.deepEqual(decision.choices, ['1', '2', 'escape', 'retry', 'drop', 'end']);
    assert.equal(decision.facts['1'], 'Yes');
    await task.call({ op: 'answer', decisionId: decision.id, answer: '1' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.agentRecords('start').length, 1);
  });

  it('is withdrawn, and the work begins, when a person answered it in the terminal; also one that no profile knows', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server, session } = terminalScratch(t);
    const script = { dialog: { text: 'Which of them?', key: '1', bare: true }, prompts: [{ steps: [fix, done] }] };
    const task = session('task', 'task-1', script, { limits: { startTimeoutMs: 4_000 } });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    assert.match(decision.question, /Which of them\?/);
    assert.deepEqual(decision.choices, ['retry', 'drop', 'end']);
    const [pane] = await server.panes();
    await server.press(pane?.paneId ?? '', ['1']);
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const ended = task.journal().find((record) => record.type === 'decision-ended');
    assert.deepEqual(ended?.end, { type: 'withdrawn' });
    assert.equal(task.agentRecords('start').length, 1);
  });
});

describe('a question in the middle of a turn in a terminal', { concurrency: 2 }, () => {
  const list: Step = {
    type: 'choose',
    question: 'Enter to confirm: which account?',
    options: ['Work', 'Home', 'None'],
  };

  it('is a decision with its screen, and its answer is chosen there', async (t) => {
    if (!(await hasTmux(t))) return;
    const { session } = terminalScratch(t);
    const task = session('task', 'task-1', { prompts: [{ steps: [list, fix, done] }, { steps: [done] }] });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    assert.equal(decision.kind, 'dialog');
    assert.match(decision.question, /which account\? \/ ❯ Work \/ Home \/ None/);
    assert.deepEqual(decision.choices, ['work', 'home', 'none', 'end']);
    assert.equal(decision.fallback, 'end');
    assert.ok(decision.deadline !== null);
    assert.deepEqual(task.agentRecords('list-key'), [], 'nothing was pressed before');
    const waiting = await task.tell('and be quick');
    assert.equal(waiting.outcome, 'queued', 'words for the agent do not answer it');
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'home' });
    assert.equal((await task.untilType('turn-ended')).verdict, 'done');
    assert.deepEqual(
      task.agentRecords('choice').map(({ option }) => option),
      ['Home'],
    );
    await task.untilType('task-ended');
  });

  it('that nobody answers in time ends the turn', async (t) => {
    if (!(await hasTmux(t))) return;
    const { session } = terminalScratch(t);
    const plain = session(
      'plain',
      'helper',
      { prompts: [{ steps: [list, done] }] },
      { limits: { permissionTimeoutMs: 500 } },
    );
    await plain.tell('first');
    const end = await plain.untilType('turn-ended');
    assert.equal(end.verdict, 'failed');
    assert.match(end.detail ?? '', /nobody answered what it asked on its screen/);
    const ended = plain.journal().find((record) => record.type === 'decision-ended');
    assert.deepEqual(ended?.end, { type: 'expired', answer: 'end' });
    assert.deepEqual(plain.agentRecords('list-key'), []);
  });
});

describe('a session in a terminal', () => {
  it('is started without a prompt when its pane is there and its agent listens, or says why not', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server, session } = terminalScratch(t);
    const plain = session('plain', 'helper', { startDelayMs: 300, prompts: [{ steps: [done] }] });
    await plain.call({ op: 'open' });
    assert.equal((await server.panes()).length, 1);
    assert.equal(plain.agentRecords('start').length, 1);
    await plain.tell('first');
    assert.equal((await plain.untilType('turn-ended')).verdict, 'done');
    assert.equal(plain.agentRecords('start').length, 1, 'the same agent');
    const broken = session('plain', 'broken', { failStarts: 9 });
    await assert.rejects(broken.call({ op: 'open' }), { code: 'agent-not-started', exitCode: 5 });
  });

  it('that shows nothing new for long is told to people once in a turn, with its screen, and goes on', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, session } = terminalScratch(t);
    const told = path.join(scratch.root, 'told');
    const line = 'printf "%s|%s|%s\\n" "$CONDUXT_OUTCOME" "$CONDUXT_REASON" "$CONDUXT_PHASE_AT" >> "$0"';
    const notify = [{ type: 'command', argv: ['sh', '-c', line, told] }] as const;
    const wait: Step = { type: 'wait-for-file', path: '{{root}}/go-on' };
    const plain = session(
      'plain',
      'helper',
      { quiet: true, prompts: [{ steps: [done] }, { steps: [wait, done] }] },
      { limits: { silenceWarnMs: 400 }, record: { hooks: { ...sessionRecord().hooks, notify } } },
    );
    await plain.tell('first');
    await plain.untilType('turn-ended');
    await plain.tell('second');
    const { about } = await plain.untilType('notified');
    assert.match(about, /^silent\/t-/);
    const [first] = readFileSync(told, 'utf8').split('\n');
    assert.match(first ?? '', /^silent\|nothing has changed on its screen: .*second.*\|20\d\d-/);
    writeFileSync(path.join(scratch.root, 'go-on'), '');
    assert.equal((await plain.untilType('turn-ended', 2)).verdict, 'done');
    assert.equal(plain.types().filter((type) => type === 'notified').length, 1);
  });

  it('is gone with its pane within two seconds of its stop, and a host that finds it over sweeps what was left', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server, session } = terminalScratch(t);
    const plain = session('plain', 'helper', { prompts: [{ steps: [{ type: 'say', text: 'one' }, done] }] });
    await plain.tell('first');
    await plain.untilType('turn-ended');
    await plain.call({ op: 'stop' });
    const [stopped, exited] = [await plain.untilType('session-stopped'), await plain.untilType('agent-exited')];
    assert.ok(Date.parse(exited.at) - Date.parse(stopped.at) < 2_000);
    assert.deepEqual(await server.panes(), []);

    // Its host is killed before it can end the agent: the next one that starts does.
    const orphan = session('plain', 'orphan', { prompts: [{ steps: [{ type: 'hang' }] }] });
    await orphan.tell('first');
    await orphan.untilType('prompt-accepted');
    const pid = await orphan.host();
    const stopping = orphan.call({ op: 'stop' }).catch(() => null);
    await orphan.untilType('session-stopped');
    process.kill(pid, 'SIGKILL');
    await stopping;
    await orphan.call({ op: 'stop' });
    assert.deepEqual(markedPids(orphan.record.id), []);
    assert.deepEqual(await server.panes(), []);
  });

  it('waits in its pane when its host has left, and hears the next word there', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, session } = terminalScratch(t);
    const plain = session('plain', 'helper', {
      prompts: [{ steps: [{ type: 'say', text: 'one' }, done] }, { steps: [{ type: 'say', text: 'two' }, done] }],
    });
    const pid = await plain.host();
    await plain.tell('first');
    await plain.untilType('turn-ended');
    process.kill(pid, 'SIGTERM');
    await until(() => startTimeOf(pid) === null, 'the host left');
    assert.ok(plain.types().includes('host-stopped'));
    const [run] = runDirectories(plain.paths.run);
    assert.ok(run !== undefined && readStarted(run) !== null && !existsSync(run.exit), 'the pane waits');
    await plain.tell('second');
    await plain.untilType('turn-ended', 2);
    assert.equal(plain.agentRecords('start').length, 1);
    assert.deepEqual(
      plain.agentRecords('prompt').map(({ text }) => text),
      ['first', 'second'],
    );
    await plain.call({ op: 'stop' });
    assert.deepEqual(markedPids(plain.record.id), []);
    assert.equal(scratch.git('status', '--porcelain'), '');
  });
});
