import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SharedLock } from '../../src/lock/shared-lock.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { outcomeOf } from '../../src/views/outcome.ts';
import { doingNow } from '../../src/views/now.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';

const skip = spawnSync('flock', ['--version']).error === undefined ? false : 'flock is not installed';
const say = (text: string): Step => ({ type: 'text', text });

/** Leaves a file that tells whether somebody with flock got the lock at that moment. */
const probe = (root: string, name: string): string =>
  `if flock --nonblock '${root}/the.lock' true; then touch '${root}/${name}.free'; else touch '${root}/${name}.held'; fi`;

interface Made {
  readonly scratch: Scratch;
  readonly file: string;
  /** For session records. */
  readonly turnLock: { readonly file: string; readonly waitMs: number };
  readonly probed: (name: string) => 'free' | 'held' | 'never';
  readonly isFree: () => boolean;
}

function make(t: TestContext, waitMs = 60_000): Made {
  const scratch = new Scratch(t);
  const file = path.join(scratch.root, 'the.lock');
  const was = (name: string): boolean => existsSync(path.join(scratch.root, name));
  return {
    scratch,
    file,
    turnLock: { file, waitMs },
    probed: (name) => (was(`${name}.held`) ? 'held' : was(`${name}.free`) ? 'free' : 'never'),
    isFree: () => spawnSync('flock', ['--nonblock', file, 'true'], { env: scratch.env }).status === 0,
  };
}

const lockEvents = (session: LiveSession): string[] =>
  session.types().filter((type) => type.startsWith('lock-') || type === 'prompt-handed' || type === 'turn-ended');

describe("the lock around agents' turns", { concurrency: 2, skip }, () => {
  it('is held in the turn and free in verification and afterwards, with the agent still there', async (t) => {
    const { scratch, turnLock, probed, isFree } = make(t);
    const inTurn: Step = { type: 'shell', command: probe(scratch.root, 'turn') };
    const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
    const line = `${probe(scratch.root, 'tests')}; sh test.sh`;
    const task = scratch.task(
      { prompts: [{ steps: [inTurn, fix, { type: 'callback', status: 'completed' }] }] },
      {
        record: { turnLock },
        task: {
          verify: { type: 'command', command: { type: 'shell', line }, from: 'flag', runner: null, timeoutMs: 20_000 },
        },
      },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(probed('turn'), 'held');
    assert.equal(probed('tests'), 'free');
    assert.equal(isFree(), true);
    assert.deepEqual(lockEvents(task), ['lock-taken', 'prompt-handed', 'turn-ended', 'lock-released']);
    assert.ok(!task.types().includes('agent-exited'), 'it was given up without ending the agent');
  });

  it('is taken again before the next prompt, and that waits, visibly, while somebody else has it', async (t) => {
    const { scratch, file, turnLock } = make(t);
    const session = scratch.plain(
      { prompts: [{ steps: [say('one')] }, { steps: [say('two')] }] },
      { record: { turnLock } },
    );
    await session.tell('first');
    await session.untilType('lock-released');
    const other = new SharedLock(file, scratch.env);
    t.after(() => other.close());
    assert.equal(await other.take(0), 'taken');
    await session.tell('second');
    await session.untilType('lock-waiting');
    const view = session.view();
    assert.deepEqual([view.state, doingNow(view)], ['waiting', "waits for the agents' lock"]);
    assert.equal(session.prompts().length, 1, 'it was handed without the lock');
    await other.release();
    await session.untilType('turn-ended', 2);
    await session.untilType('lock-released', 2);
    assert.deepEqual(session.view().folded.life.lock, 'none');
  });

  it('lets one agent work at a time, over all sessions', async (t) => {
    const { scratch, turnLock } = make(t);
    const goOn = path.join(scratch.root, 'go-on');
    const first = scratch.plain(
      { prompts: [{ steps: [say('x'), { type: 'wait-for-file', path: goOn }] }] },
      { record: { turnLock } },
    );
    const second = scratch.plain({ prompts: [{ steps: [say('y')] }] }, { record: { turnLock } });
    await first.tell('go');
    await first.untilType('prompt-accepted');
    await second.tell('go');
    await second.untilType('lock-waiting');
    writeFileSync(goOn, '');
    const { at } = await first.untilType('turn-ended');
    assert.ok((await second.untilType('prompt-handed')).at >= at);
  });

  it('is free while a person is asked, and the agent goes on only with it', async (t) => {
    const { scratch, file, turnLock, probed, isFree } = make(t);
    const asks: Step = {
      type: 'permission',
      toolCall: { toolCallId: 't1', title: 'Run rm', kind: 'execute', rawInput: { command: 'rm -r build' } },
      options: [
        { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ],
    };
    const steps = [asks, { type: 'shell', command: probe(scratch.root, 'answered') } as const, say('thanks')];
    const session = scratch.plain({ prompts: [{ steps }] }, { record: { turnLock, permissions: 'ask' } });
    await session.tell('go');
    const { decision } = await session.untilType('decision-opened');
    assert.equal(isFree(), true);
    const other = new SharedLock(file, scratch.env);
    t.after(() => other.close());
    await other.take(0);
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'allow' });
    await session.untilType('lock-waiting');
    assert.deepEqual(session.agentRecords('permission'), [], 'the agent was answered without the lock');
    await other.release();
    await session.untilType('turn-ended');
    assert.equal(probed('answered'), 'held');
  });

  it('is held again when the first of two questions at once is answered, whichever that is', async (t) => {
    const { scratch, turnLock, probed, isFree } = make(t);
    const asks = (toolCallId: string): Extract<Step, { type: 'permission' }> => ({
      type: 'permission',
      toolCall: {
        toolCallId,
        title: `Run ${toolCallId}`,
        kind: 'execute',
        rawInput: { command: `rm -r ${toolCallId}` },
      },
      options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
    });
    const steps: Step[] = [
      { ...asks('one'), wait: false },
      asks('two'),
      { type: 'shell', command: probe(scratch.root, 'answered') },
      { type: 'await-permissions' },
    ];
    const session = scratch.plain({ prompts: [{ steps }] }, { record: { turnLock, permissions: 'ask' } });
    await session.tell('go');
    await session.untilType('decision-opened', 2);
    assert.equal(isFree(), true);
    const [one, two] = ['one', 'two'].map((name) =>
      [...session.view().folded.life.decisions.values()].find(({ question }) => question.includes(name)),
    );
    assert.ok(one && two);
    await session.call({ op: 'answer', decisionId: two.id, answer: 'allow' });
    await session.until('the shell', () => probed('answered') !== 'never');
    assert.equal(probed('answered'), 'held');
    await session.call({ op: 'answer', decisionId: one.id, answer: 'allow' });
    await session.untilType('turn-ended');
    await session.untilType('lock-released', 2);
  });

  it('that is not free in time ends a task that has not begun as failed: held elsewhere, exit 75', async (t) => {
    const { scratch, file, turnLock } = make(t, 200);
    const other = new SharedLock(file, scratch.env);
    t.after(() => other.close());
    await other.take(0);
    const task = scratch.task({ prompts: [{ steps: [say('x')] }] }, { record: { turnLock } });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'lock-held']);
    assert.match(end.reason, /the\.lock was not free within 200 ms; see who holds it/);
    assert.equal(outcomeOf(task.view()).exitCode, 75);
    assert.deepEqual(task.prompts(), []);
    assert.ok(!task.types().includes('agent-started'));
  });

  it('that is not free in time is a question in a session, and "retry" waits for it again', async (t) => {
    const { scratch, file, turnLock } = make(t, 200);
    const other = new SharedLock(file, scratch.env);
    t.after(() => other.close());
    await other.take(0);
    const session = scratch.plain({ prompts: [{ steps: [say('x')] }] }, { record: { turnLock } });
    await session.tell('go');
    const { decision } = await session.untilType('decision-opened');
    assert.deepEqual([decision.kind, decision.facts['problem']], ['dialog', 'lock-held']);
    assert.equal(session.types().filter((type) => type === 'lock-waiting').length, 1, 'it was tried twice');
    await other.release();
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'retry' });
    await session.untilType('turn-ended');
  });

  it('is given up by a stop, and by a host that is killed', async (t) => {
    const { scratch, turnLock, isFree } = make(t);
    const hang: Step[] = [say('x'), { type: 'hang' }];
    const stopped = scratch.plain({ prompts: [{ steps: hang }] }, { record: { turnLock } });
    await stopped.tell('go');
    await stopped.untilType('prompt-accepted');
    assert.equal(isFree(), false);
    await stopped.call({ op: 'stop' });
    assert.equal(isFree(), true);
    const killed = scratch.plain({ prompts: [{ steps: hang }] }, { record: { turnLock } });
    await killed.tell('go');
    await killed.untilType('prompt-accepted');
    assert.equal(isFree(), false);
    await killed.killHost();
    await waitFor(killed.paths.dir, isFree, 8_000, () => 'the lock outlived its holder');
  });

  it('is nobody’s business of a session that was not asked to hold it', async (t) => {
    const { scratch, file } = make(t);
    const other = new SharedLock(file, scratch.env);
    t.after(() => other.close());
    await other.take(0);
    const session = scratch.plain({ prompts: [{ steps: [say('x')] }] });
    await session.tell('go');
    await session.untilType('turn-ended');
    assert.deepEqual(lockEvents(session), ['prompt-handed', 'turn-ended']);
  });
});
