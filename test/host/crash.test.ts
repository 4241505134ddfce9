import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import type { Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };

describe('when a host dies', () => {
  it('in the middle of a turn, the turn is unknown, the agent is ended, and the work is continued, not repeated', async (t) => {
    const scratch = new Scratch(t);
    const atWork = path.join(scratch.root, 'at-work');
    const task = scratch.task({
      prompts: [
        { steps: [{ type: 'text', text: 'working' }, { type: 'write-file', path: atWork }, { type: 'hang' }] },
        { match: 'interrupted', steps: [fix, done] },
      ],
    });
    await task.host();
    await task.untilFile(atWork);
    await task.untilType('prompt-accepted');
    await task.killHost();
    assert.equal(task.view().state, 'crashed');
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const prompts = task.prompts();
    assert.equal(prompts.length, 2, 'the first prompt was not sent again');
    assert.equal(task.view().folded.prompts.byKey.get('first')?.state, 'unknown');
    const sessions = task.journal().flatMap((record) => (record.type === 'agent-session' ? [record.continuity] : []));
    assert.deepEqual(sessions, ['new', 'resumed']);
  });

  it('right after a tell was acknowledged, the prompt is handed over by the next host, once', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      prompts: [
        {
          match: 'first',
          steps: [
            { type: 'text', text: 'one' },
            { type: 'wait-for-file', path: goOn },
          ],
        },
        { match: '.', steps: [{ type: 'text', text: 'ok' }] },
      ],
    });
    await session.tell('first');
    await session.untilType('prompt-handed');
    for (const text of ['second', 'third']) assert.equal((await session.tell(text)).outcome, 'queued');
    await session.killHost();
    writeFileSync(goOn, '');
    assert.equal((await session.tell('second')).outcome, 'duplicate', 'the same key again is the same prompt');
    await session.untilType('turn-ended', 3);
    assert.deepEqual(
      session.prompts().map((text) => text.split('\n').at(-1)),
      ['first', 'second', 'third'],
    );
  });

  it('because the machine goes down (SIGTERM), the next one goes on with the work', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        { steps: [{ type: 'text', text: 'working' }, { type: 'hang' }] },
        { match: 'interrupted', steps: [fix, done] },
      ],
    });
    const pid = await task.host();
    await task.untilType('prompt-accepted');
    process.kill(pid, 'SIGTERM');
    assert.equal((await task.untilType('host-stopped')).reason, 'signal');
    assert.equal(task.types().includes('turn-ended'), false, 'the next one looks for evidence');
    assert.equal(task.view().state, 'crashed', 'something is owed');
    await task.host();
    assert.equal((await task.untilType('turn-ended')).verdict, 'unknown');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });

  it('and two callers start it again at once, one host lives and both are answered', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    const pids = await Promise.all(Array.from({ length: 4 }, () => session.host()));
    assert.equal(new Set(pids).size, 1);
    assert.equal(session.types().filter((type) => type === 'host-started').length, 1);
  });

  it('or is frozen and answers no more, it is ended and replaced', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    const frozen = await session.host();
    process.kill(frozen, 'SIGSTOP');
    assert.equal((await session.tell('go')).outcome, 'queued');
    await session.untilType('turn-ended');
    assert.notEqual(await session.host(), frozen);
    assert.equal(session.types().filter((type) => type === 'host-started').length, 2);
  });

  it('an answer given before is not asked for again', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        { steps: [{ type: 'callback', status: 'need_clarification', fields: { summary: '?' } }] },
        { match: 'Yes', steps: [fix, done] },
      ],
    });
    await task.host();
    const { decision } = await task.untilType('decision-opened');
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'Yes' });
    await task.killHost();
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.journal().filter((record) => record.type === 'decision-opened').length, 1);
  });
});

describe('when an agent dies', () => {
  it('in the middle of a turn, it is started again, resumed, and asked to go on', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        {
          steps: [
            { type: 'text', text: 'working' },
            { type: 'exit', signal: 'SIGKILL' },
          ],
        },
        { match: 'interrupted', steps: [fix, done] },
      ],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.prompts().length, 2);
    const ended = await task.untilType('turn-ended');
    assert.deepEqual([ended.verdict, ended.failure], ['unknown', 'agent-exited']);
  });

  it('again and again, the task fails instead of going round for ever', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'text', text: 'working' },
            { type: 'exit', code: 1 },
          ],
        },
      ],
    });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(end.reason, /interrupted again and again/);
    assert.equal(task.prompts().length, 4);
  });

  it('and its conversation cannot be resumed, a new one is begun openly', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      resume: { supported: true, error: { code: -32002, message: 'gone' } },
      prompts: [
        {
          steps: [
            { type: 'text', text: 'working' },
            { type: 'exit', code: 1 },
          ],
        },
        { match: 'could not be resumed', steps: [fix, done] },
      ],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const opened = task.journal().flatMap((record) => (record.type === 'agent-session' ? [record] : []));
    assert.equal(opened[1]?.continuity, 'new');
    assert.match(opened[1]?.lost ?? '', /\S/);
  });

  it('leaves grandchildren that ignore TERM, they are ended before it is started again', async (t) => {
    const scratch = new Scratch(t);
    const pidFile = path.join(scratch.root, 'grandchild');
    const session = scratch.plain({
      prompts: [
        {
          steps: [
            { type: 'spawn', pidFile, ignoreTerm: true, setsid: true },
            { type: 'text', text: 'x' },
            { type: 'hang' },
          ],
        },
      ],
    });
    await session.tell('go');
    await session.untilFile(pidFile);
    await session.killHost();
    await session.call({ op: 'stop' });
    assert.deepEqual(markedPids(session.record.id), []);
  });
});

describe('when the directory of a session is deleted by hand', () => {
  const deleteIt = async (t: TestContext, script: Script): Promise<LiveSession> => {
    const scratch = new Scratch(t);
    const session = scratch.plain(script);
    await session.tell('go');
    await session.untilType('prompt-accepted');
    return session;
  };
  const gone = (session: LiveSession, pid: number): Promise<void> =>
    waitFor(
      session.scratch.root,
      () => startTimeOf(pid) === null && markedPids(session.record.id).length === 0,
      20_000,
      () => `host ${pid} or its agent went on`,
    );

  it('in the middle of a turn, host and agent end', async (t) => {
    const session = await deleteIt(t, { prompts: [{ steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] });
    const pid = await session.host();
    rmSync(session.paths.dir, { recursive: true });
    await gone(session, pid);
  });

  it('while its host rests, they end as well', async (t) => {
    const session = await deleteIt(t, { prompts: [{ steps: [{ type: 'text', text: 'x' }] }] });
    await session.untilType('turn-ended');
    const pid = await session.host();
    rmSync(session.paths.dir, { recursive: true });
    await gone(session, pid);
  });

  it('no prompt is acknowledged any more', async (t) => {
    const session = await deleteIt(t, { prompts: [{ steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] });
    const pid = await session.host();
    // The journal alone: the host finds out when it writes, not by what it watches.
    rmSync(session.paths.journal);
    await assert.rejects(session.tell('more'), ConduxtError);
    await gone(session, pid);
  });
});
