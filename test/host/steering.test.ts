import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { identityOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const say = (text: string): Step => ({ type: 'text', text });
const lastLines = (session: LiveSession): string[] => session.prompts().map((text) => text.split('\n').at(-1) ?? '');

const REQUEST_HOST = new URL('../../src/control/request-host.ts', import.meta.url).href;

/** A process of its own that tells the session `count` things, one after the other. @returns what it said, in order. */
async function tellFrom(session: LiveSession, name: string, count: number, mode = 'queue'): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, index) => `${name} says ${index}`);
  const program = `
    const { requestHost } = await import(${JSON.stringify(REQUEST_HOST)});
    const [address, mode, texts] = JSON.parse(process.argv[1]);
    for (const [index, text] of texts.entries()) {
      const key = text.replaceAll(' ', '-');
      const request = { op: 'tell', promptId: 'p-' + key, key, text, mode };
      await requestHost(address, process.env, request, 30_000);
    }`;
  const args = [session.address, mode, texts];
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(args)], {
    env: session.scratch.env,
  });
  return texts;
}

/** Asked of the host: reading a journal of a thousand records after each of them would take longer than writing it. */
async function allDone(session: LiveSession): Promise<void> {
  for (;;) {
    const { state } = await session.call({ op: 'hello' });
    if (state === 'idle') return;
    assert.equal(state, 'running');
    await delay(100);
  }
}

describe('tell', () => {
  it('keeps the order of many prompts and hands over one at a time', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] });
    const texts = Array.from({ length: 30 }, (_, index) => `prompt ${index}`);
    for (const text of texts) await session.tell(text);
    await session.untilType('turn-ended', texts.length);
    assert.deepEqual(lastLines(session), texts);
    assert.ok(
      session.agentRecords('prompt').every((record) => record['busy'] !== true),
      'no prompt came while another ran',
    );
  });

  it('from several shells at once loses and doubles none', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] });
    await session.host();
    const texts = Array.from({ length: 40 }, (_, index) => `prompt ${index}`);
    const replies = await Promise.all([...texts, ...texts].map((text) => session.tell(text)));
    assert.equal(replies.filter((reply) => reply.outcome === 'duplicate').length, 40);
    await session.untilType('turn-ended', texts.length);
    assert.deepEqual(lastLines(session).toSorted(), texts.toSorted());
  });

  it('two hundred times from eight shells at once arrives in the order it was acknowledged, once each', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] });
    await session.host();
    // Each shell is a process of its own, and says the next thing when the last was acknowledged.
    const shells = await Promise.all(Array.from({ length: 8 }, (_, shell) => tellFrom(session, `shell ${shell}`, 25)));
    await allDone(session);
    const acknowledged = session
      .journal()
      .flatMap((record) => (record.type === 'prompt-queued' ? [record.promptId] : []));
    const handed = session.journal().flatMap((record) => (record.type === 'prompt-handed' ? [record.promptId] : []));
    assert.deepEqual(handed, acknowledged);
    const seen = lastLines(session);
    assert.equal(new Set(seen).size, 200);
    for (const said of shells) {
      assert.deepEqual(
        seen.filter((text) => said.includes(text)),
        said,
        'what one shell said stays in its order',
      );
    }
  });

  it('--interrupt from eight shells at once loses none, and each goes once', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok'), { type: 'delay', ms: 5 }] }] });
    await session.host();
    const shells = await Promise.all(
      Array.from({ length: 8 }, (_, shell) => tellFrom(session, `shell ${shell}`, 5, 'interrupt')),
    );
    await allDone(session);
    assert.deepEqual(lastLines(session).toSorted(), shells.flat().toSorted());
    const handed = session.journal().flatMap((record) => (record.type === 'prompt-handed' ? [record.promptId] : []));
    const queued = session.journal().flatMap((record) => (record.type === 'prompt-queued' ? [record.promptId] : []));
    assert.deepEqual(handed, queued, 'of several that are all next, the first acknowledged goes first');
  });

  it('under a key that belongs to another text is refused, and that text is not lost', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] });
    await session.tell('one', 'queue', 'key');
    await assert.rejects(session.tell('another', 'queue', 'key'), { code: 'key-reused', exitCode: 2 });
    assert.equal((await session.tell('one', 'queue', 'key')).outcome, 'duplicate');
    assert.equal(session.types().filter((type) => type === 'prompt-queued').length, 1);
  });

  it('to a host that is about to leave is handed over all the same', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [say('ok')] }] }, { limits: { hostIdleMs: 40 } });
    const texts = Array.from({ length: 8 }, (_, index) => `prompt ${index}`);
    for (const [index, text] of texts.entries()) {
      await session.tell(text);
      // Nobody starts a host for it from here on.
      await session.untilType('turn-ended', index + 1);
    }
    assert.deepEqual(lastLines(session), texts);
  });

  it('--interrupt cancels the running turn and goes next, before what was queued', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({
      prompts: [
        { match: 'first', steps: [say('x'), { type: 'hang' }] },
        { match: '.', steps: [say('ok')] },
      ],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    await session.tell('second');
    assert.equal((await session.tell('now', 'interrupt')).outcome, 'interrupted');
    await session.untilType('turn-ended', 3);
    assert.deepEqual(lastLines(session), ['first', 'now', 'second']);
    assert.equal((await session.untilType('turn-ended')).verdict, 'cancelled');
  });

  it('--replace also drops what was queued', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({
      prompts: [
        { match: 'first', steps: [say('x'), { type: 'hang' }] },
        { match: '.', steps: [say('ok')] },
      ],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    await session.tell('second');
    await session.tell('now', 'replace');
    await session.untilType('turn-ended', 2);
    assert.deepEqual(lastLines(session), ['first', 'now']);
    assert.deepEqual(
      [...session.view().folded.prompts.byId.values()].map((entry) => entry.state),
      ['cancelled', 'dropped', 'done'],
    );
  });

  it('--steer goes into the running turn where the agent can take it', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      steering: { outcome: 'injected' },
      prompts: [{ steps: [say('x'), { type: 'wait-for-file', path: goOn }] }],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    assert.equal((await session.tell('and this', 'steer')).outcome, 'steered');
    writeFileSync(goOn, '');
    await session.untilType('turn-ended');
    assert.equal(session.prompts().length, 1);
  });

  it('--steer says when the agent began a turn of its own with it, and is not handed over again', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      steering: { outcome: 'startedNewTurn' },
      prompts: [{ steps: [say('x'), { type: 'wait-for-file', path: goOn }] }],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    assert.equal((await session.tell('and this', 'steer')).outcome, 'started-turn');
    writeFileSync(goOn, '');
    await session.untilType('turn-ended');
    assert.deepEqual(lastLines(session), ['first']);
  });

  it('--steer holds up neither another tell nor a cancel nor a stop while the agent thinks about it', async (t) => {
    const scratch = new Scratch(t);
    const never = path.join(scratch.root, 'never');
    const session = scratch.plain({
      steering: { outcome: 'injected', steps: [{ type: 'wait-for-file', path: never }] },
      prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }],
    });
    await session.tell('begin');
    await session.untilType('prompt-accepted');
    const steered = session.tell('and this', 'steer').catch((error: unknown) => error);
    await session.untilType('prompt-steered');
    assert.equal((await session.tell('later')).outcome, 'queued');
    assert.equal((await session.call({ op: 'cancel', scope: 'queued' })).dropped, 1);
    await session.call({ op: 'stop' });
    const outcomes = session.journal().flatMap((one) => (one.type === 'prompt-steered' ? [one.outcome] : []));
    assert.equal(outcomes[0], 'attempted');
    assert.equal(outcomes.includes('injected'), false);
    await steered;
  });

  it('--steer is queued, and says why, where the agent cannot', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      prompts: [{ steps: [say('x'), { type: 'wait-for-file', path: goOn }] }, { steps: [say('ok')] }],
    });
    await session.tell('first');
    await session.untilType('prompt-accepted');
    const reply = await session.tell('and this', 'steer');
    assert.equal(reply.outcome, 'queued');
    assert.match(reply.note ?? '', /cannot be steered/);
    writeFileSync(goOn, '');
    await session.untilType('turn-ended', 2);
    assert.deepEqual(lastLines(session), ['first', 'and this']);
  });
});

describe('cancel', () => {
  it('ends the running turn and the queue goes on', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({
      prompts: [
        { match: 'first', steps: [say('x'), { type: 'hang' }] },
        { match: '.', steps: [say('ok')] },
      ],
    });
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
    await assert.rejects(session.tell('more'), { code: 'session-stopped', exitCode: 6, remedy: /retry/ });
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
