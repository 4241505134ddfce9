import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tryLock } from '../../src/lock/file-lock.ts';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { repoPaths } from '../../src/store/paths.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';
import { HANGS_FIRST } from './scripts.ts';

const say = (text: string): Step => ({ type: 'text', text });
const lastLines = (session: LiveSession): string[] => session.prompts().map((text) => text.split('\n').at(-1) ?? '');

describe('cancel', () => {
  it('ends the running turn and the queue goes on', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(HANGS_FIRST);
    await session.tell('first');
    await session.untilType('prompt-accepted');
    await session.tell('second');
    assert.deepEqual(await session.call({ op: 'cancel', scope: 'turn' }), {
      turn: 'cancelled',
      dropped: 0,
      task: 'unchanged',
    });
    await session.untilType('turn-ended', 2);
    assert.deepEqual(lastLines(session), ['first', 'second']);
  });

  it('of an agent that ignores it ends the agent, and says what happened', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(
      {
        prompts: [
          { match: 'first', steps: [say('x'), { type: 'hang' }], onCancel: { answer: 'ignore' } },
          { match: '.', steps: [say('ok')] },
        ],
        onEof: 'ignore',
        onTerm: 'ignore',
      },
      { limits: { cancelTimeoutMs: 200 } },
    );
    await session.tell('first');
    await session.untilType('prompt-accepted');
    await session.call({ op: 'cancel', scope: 'turn' });
    assert.equal((await session.untilType('turn-ended')).verdict, 'cancelled');
    await session.tell('second');
    await session.untilType('turn-ended', 2);
    assert.deepEqual(lastLines(session), ['first', 'second']);
  });

  it('says that there was nothing to cancel', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [] });
    assert.deepEqual(await session.call({ op: 'cancel', scope: 'turn' }), {
      turn: 'none',
      dropped: 0,
      task: 'unchanged',
    });
  });

  it('--queued drops what is owed and nothing else', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      prompts: [{ match: '.', steps: [say('x'), { type: 'wait-for-file', path: goOn }] }],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    await session.tell('second');
    assert.equal((await session.call({ op: 'cancel', scope: 'queued' })).dropped, 1);
    writeFileSync(goOn, '');
    assert.equal((await session.untilType('turn-ended')).verdict, 'done');
    assert.deepEqual(lastLines(session), ['first']);
  });

  it('--task ends the task and keeps its worktree', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ match: '.', steps: [say('x'), { type: 'hang' }] }] });
    await task.host();
    await task.untilType('prompt-accepted');
    assert.equal((await task.call({ op: 'cancel', scope: 'task' })).task, 'cancelled');
    assert.equal(task.view().state, 'cancelled');
    assert.ok(existsSync(task.record.cwd));
  });

  it('--task reaches a task whose tests are running', async (t) => {
    const scratch = new Scratch(t);
    const started = path.join(scratch.root, 'testing');
    const task = scratch.task(
      {
        prompts: [
          {
            steps: [
              { type: 'shell', command: 'echo 4 > sum.txt && git commit -qam x' },
              { type: 'callback', status: 'completed', fields: { summary: '' } },
            ],
          },
        ],
      },
      {
        task: {
          verify: {
            type: 'command',
            command: { type: 'shell', line: `touch ${started}; sleep 300` },
            from: 'flag',
            runner: null,
            timeoutMs: 300_000,
          },
        },
      },
    );
    await task.host();
    await task.untilFile(started);
    await task.call({ op: 'cancel', scope: 'task' });
    await task.untilType('notified');
    assert.equal(task.types().includes('verification-finished'), false);
    assert.deepEqual(task.view().state, 'cancelled');
  });
});

describe('stop', () => {
  it('leaves no process, drops what is owed and keeps the history', async (t) => {
    const scratch = new Scratch(t);
    const pidFile = path.join(scratch.root, 'grandchild');
    const session = scratch.plain({
      prompts: [{ steps: [{ type: 'spawn', pidFile, ignoreTerm: true, setsid: true }, say('x'), { type: 'hang' }] }],
    });
    await session.tell('first');
    const pid = await session.host();
    await session.untilFile(pidFile);
    await session.untilType('prompt-accepted');
    await session.tell('second');
    assert.deepEqual(await session.call({ op: 'stop' }), { stopped: true, left: [] });
    assert.deepEqual(markedPids(session.record.id), []);
    await session.untilType('host-stopped');
    assert.equal(session.view().state, 'stopped');
    assert.deepEqual(
      [...session.view().folded.prompts.byId.values()].map((entry) => entry.state),
      ['cancelled', 'dropped'],
    );
    assert.ok(identityOf(pid) === null || session.types().includes('host-stopped'));
  });

  it('refuses prompts afterwards and names the way on', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [] });
    await session.call({ op: 'stop' });
    await session.untilType('host-stopped');
    await assert.rejects(session.tell('more'), { code: 'session-stopped', exitCode: 6, remedy: /conduxt resume s-/ });
  });
});

describe('permissions', () => {
  const asking = (after: Step[]): Step[] => [
    {
      type: 'permission',
      toolCall: { toolCallId: 't1', title: 'Run rm', kind: 'execute', rawInput: { command: 'rm -r build' } },
      options: [
        { optionId: 'always', name: 'Always', kind: 'allow_always' },
        { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ],
    },
    ...after,
  ];

  it('under ask are answered by a person, and the turn goes on', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(
      { prompts: [{ steps: asking([say('thanks')]) }] },
      { record: { permissions: 'ask' } },
    );
    await session.tell('go');
    const { decision } = await session.untilType('decision-opened');
    assert.equal(decision.facts['command'], 'rm -r build');
    assert.equal(session.view().state, 'needs-person');
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'allow' });
    await session.untilType('turn-ended');
    assert.match(JSON.stringify(session.agentRecords('permission')), /"yes"/);
  });

  it('hold no slot while a person is asked, and the agent goes on only with one', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const one = { slotsPerUser: 1, slotsPerAgent: 1 };
    const asks = scratch.plain(
      { prompts: [{ steps: asking([say('thanks')]) }] },
      { record: { permissions: 'ask' }, limits: one },
    );
    const works = scratch.plain(
      { prompts: [{ steps: [say('working'), { type: 'wait-for-file', path: goOn }] }] },
      { limits: one },
    );
    await asks.tell('go');
    const { decision } = await asks.untilType('decision-opened');
    await works.tell('go');
    await works.untilType('prompt-accepted');
    await asks.call({ op: 'answer', decisionId: decision.id, answer: 'allow' });
    await asks.untilType('slot-waiting');
    assert.equal(asks.view().state, 'waiting');
    assert.deepEqual(asks.agentRecords('permission'), [], 'the agent was answered without a slot');
    writeFileSync(goOn, '');
    await asks.untilType('turn-ended');
    assert.match(JSON.stringify(asks.agentRecords('permission')), /"yes"/);
  });

  it('that nobody answers are refused at the deadline', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(
      { prompts: [{ steps: asking([say('ok then')]) }] },
      { record: { permissions: 'ask' }, limits: { permissionTimeoutMs: 100 } },
    );
    await session.tell('go');
    await session.untilType('turn-ended');
    const ended = await session.untilType('decision-ended');
    assert.deepEqual(ended.end, { type: 'expired', answer: 'deny' });
    assert.match(JSON.stringify(session.agentRecords('permission')), /"no"/);
  });

  it('under approve-all are allowed once, never for ever', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ steps: asking([say('thanks')]) }] });
    await session.tell('go');
    await session.untilType('turn-ended');
    assert.match(JSON.stringify(session.agentRecords('permission')), /"yes"/);
  });
});

describe('an agent that cannot be started', () => {
  it('leaves the prompt owed and asks a person; retry hands it over', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({
      prompts: [{ match: '.', steps: [say('ok')] }],
      runs: [{ start: [{ type: 'exit', code: 1 }] }, { start: [{ type: 'exit', code: 1 }] }, {}],
    });
    await session.tell('go');
    const { decision } = await session.untilType('decision-opened');
    assert.equal(session.view().state, 'needs-person');
    assert.deepEqual(session.view().folded.prompts.owed.length, 1);
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'retry' });
    assert.equal((await session.untilType('turn-ended')).verdict, 'done');
  });
});

describe('a host that leaves', () => {
  it('is gone soon after its last record, whoever holds the lock of the memory file', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] }, { limits: { hostIdleMs: 100 } });
    const paths = repoPaths(scratch.home, session.record.repo?.key ?? '');
    mkdirSync(paths.dir, { recursive: true, mode: 0o700 });
    const lock = await tryLock(paths.memoryLock);
    assert.ok(lock !== null);
    t.after(() => lock.release());
    await session.tell('hello');
    await session.untilType('host-stopped');
    const { host } = session.view().folded.life;
    assert.ok(host !== null);
    await waitFor(
      scratch.root,
      () => !isAlive(host.process),
      10_000,
      () => 'the host lives on and holds the lock of its session',
    );
    assert.equal(session.hostLog(), '', 'it left in good order');
    assert.equal((await session.tell('again')).outcome, 'queued');
    await session.untilType('turn-ended', 2);
  });
});
