import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { HistoryReader } from '../../src/host/history-reader.ts';
import type { MethodScript, Run, Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };
const say = (text: string): Step => ({ type: 'text', text });
const replays = (...before: Step[]): MethodScript => ({ supported: true, before });
const tellsAll: Step = { type: 'past-prompts' };

const ended = (session: LiveSession) => session.journal().filter((record) => record.type === 'turn-ended');
const continuities = (session: LiveSession): string[] =>
  session.journal().flatMap((record) => (record.type === 'agent-session' ? [record.continuity] : []));

/** The agent's first process takes no prompt, or hangs in one; its host is killed there. */
async function killed(
  t: TestContext,
  kind: 'task' | 'plain',
  script: Script,
  limits: Partial<SessionRecord['limits']> = {},
): Promise<LiveSession> {
  const scratch = new Scratch(t);
  const session = scratch[kind](script, { limits });
  await session.host();
  if (kind === 'plain') await session.tell('do it');
  await session.untilType('prompt-handed');
  const isDeaf = script.runs?.[0]?.new !== undefined;
  if (!isDeaf) {
    await session.untilFile(path.join(scratch.root, 'at-work'));
    await session.untilType('prompt-accepted');
  }
  await session.killHost();
  return session;
}

const atWork: Step = { type: 'write-file', path: '{{cwd}}/../../at-work' };
const working: readonly Step[] = [say('working'), atWork, { type: 'hang' }];
/** Reads nothing any more once its session is open. */
const deaf: Run = { new: { after: [{ type: 'stop-reading' }] } };

describe('the history of an agent settles an interrupted turn', () => {
  it('as done, when it holds the callback that nobody heard', async (t) => {
    const task = await killed(t, 'task', {
      // What it did behind our back: it went on for a moment, and finished.
      load: replays(tellsAll, say('I made it 4.'), fix, done),
      prompts: [{ steps: working }, { match: '.', steps: [say('never asked')] }],
    });
    await task.host();
    await task.untilType('turn-ended');
    const [end] = ended(task);
    assert.deepEqual([end?.verdict, end?.settledBy, end?.callback.type], ['done', 'history', 'valid']);
    assert.equal(task.prompts().length, 1, 'nothing is sent again');
    assert.deepEqual(continuities(task), ['new', 'loaded']);
    await waitFor(
      task.paths.dir,
      () => task.view().folded.life.milestones.some(({ text }) => text.includes('in the history of the agent')),
      10_000,
      () => 'nobody was told where the answer was found',
    );
  });

  it('as never begun, when it has no such prompt: it is handed over again, and that is said', async (t) => {
    const task = await killed(t, 'task', {
      runs: [deaf, {}],
      load: replays(tellsAll),
      prompts: [{ match: '.', steps: [fix, done] }],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.prompts().length, 1, 'the agent had it once');
    assert.doesNotMatch(task.prompts()[0] ?? '', /interrupted/);
    const returned = await task.untilType('prompt-returned');
    const handed = task.journal().flatMap((record) => (record.type === 'prompt-handed' ? [record.promptId] : []));
    assert.deepEqual(handed, [returned.promptId, returned.promptId]);
    assert.equal(ended(task).length, 1);
  });

  it('of a session too: what was told next comes after it', async (t) => {
    const session = await killed(t, 'plain', {
      runs: [deaf, {}],
      load: replays(tellsAll),
      prompts: [{ match: '.', steps: [say('ok')] }],
    });
    await session.tell('and this');
    await session.untilType('turn-ended', 2);
    assert.deepEqual(session.prompts(), ['do it', 'and this']);
  });

  it('not at all, when the worktree changed although it has no such prompt', async (t) => {
    const task = await killed(t, 'task', {
      runs: [deaf, {}],
      load: replays(tellsAll),
      prompts: [{ match: '.', steps: [fix, done] }],
    });
    writeFileSync(path.join(task.record.cwd, 'sum.txt'), '6\n');
    await task.host();
    await task.untilType('task-ended');
    assert.equal(ended(task)[0]?.verdict, 'unknown');
    assert.match(task.prompts()[0] ?? '', /interrupted/);
  });

  it('not at all, when it has the prompt and no end of it', async (t) => {
    const task = await killed(t, 'task', {
      load: replays(tellsAll, say('working'), { type: 'tool', toolCallId: 'c1', title: 'Edit', status: 'in_progress' }),
      prompts: [{ steps: working }, { match: 'interrupted', steps: [fix, done] }],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.deepEqual([ended(task)[0]?.verdict, ended(task)[0]?.toolCalls], ['unknown', 1]);
    assert.equal(task.prompts().length, 2);
  });

  it('not at all, when the agent replays nothing of what it was told before', async (t) => {
    const session = new Scratch(t).plain({
      load: replays(),
      prompts: [
        { match: 'first', steps: [say('ok')] },
        { match: '.', steps: [say('working'), { type: 'exit', signal: 'SIGKILL' }] },
      ],
    });
    await session.tell('first');
    await session.untilType('turn-ended');
    await session.tell('second');
    await session.untilType('turn-ended', 2);
    assert.equal(ended(session)[1]?.verdict, 'unknown');
    assert.equal(session.types().includes('prompt-returned'), false);
  });

  it('also when only the agent died, and its host lives', async (t) => {
    const task = new Scratch(t).task({
      load: replays(tellsAll, fix, done),
      prompts: [{ steps: [say('working'), { type: 'exit', signal: 'SIGKILL' }] }],
    });
    await task.host();
    await task.untilType('turn-ended');
    assert.deepEqual([ended(task)[0]?.verdict, ended(task)[0]?.settledBy], ['done', 'history']);
    assert.equal(task.prompts().length, 1);
  });

  it('unless it cannot be read: then nothing is known, and no new conversation is begun for it', async (t) => {
    const task = await killed(t, 'task', {
      load: { supported: true, error: { code: -32603, message: 'cannot read it' } },
      prompts: [{ steps: working }, { match: 'interrupted', steps: [fix, done] }],
    });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(ended(task)[0]?.verdict, 'unknown');
    assert.deepEqual(continuities(task), ['new', 'resumed']);
  });
});

describe('a turn that somebody ends while its agent tells its history', () => {
  const telling = '{{cwd}}/../../telling';
  const goOn = '{{cwd}}/../../go-on';
  /** It tells that it has no such prompt, once it may. */
  const script: Script = {
    runs: [deaf, {}],
    load: replays({ type: 'write-file', path: telling }, { type: 'wait-for-file', path: goOn }, tellsAll),
    prompts: [{ match: '.', steps: [fix, done] }],
  };
  const asked = async (t: TestContext, limits: Partial<SessionRecord['limits']> = {}): Promise<LiveSession> => {
    const task = await killed(t, 'task', script, limits);
    await task.host();
    await task.untilFile(path.join(task.scratch.root, 'telling'));
    return task;
  };
  const letGoOn = (task: LiveSession): void => writeFileSync(path.join(task.scratch.root, 'go-on'), '');
  const isNotHandedAgain = (task: LiveSession): void => {
    assert.deepEqual(task.prompts(), []);
    assert.equal(task.types().filter((type) => type === 'prompt-handed').length, 1);
    assert.deepEqual(task.view().folded.prompts.owed, []);
  };

  it('is not handed again when its task was cancelled', async (t) => {
    const task = await asked(t);
    const cancelled = task.call({ op: 'cancel', scope: 'task' });
    await task.untilType('cancel-requested');
    letGoOn(task);
    assert.deepEqual(await cancelled, { turn: 'cancelled', dropped: 0, task: 'cancelled' });
    await task.until('the telling', (record) => record.type === 'notified' || record.type === 'slot-released');
    isNotHandedAgain(task);
    assert.equal(ended(task)[0]?.verdict, 'cancelled');
  });

  it('is not handed again when its time was over', async (t) => {
    const task = await asked(t, { taskTimeoutMs: 10_000 });
    assert.equal((await task.untilType('task-ended')).code, 'timed-out');
    letGoOn(task);
    await task.untilType('turn-ended');
    await task.untilType('slot-released');
    isNotHandedAgain(task);
  });

  it('is not handed again when the session was stopped, also after it was taken up again', async (t) => {
    const task = await asked(t);
    const stopped = task.call({ op: 'stop' });
    await task.untilType('session-stopped');
    letGoOn(task);
    assert.equal((await stopped).stopped, true);
    await task.call({ op: 'resume' });
    await task.untilType('session-resumed');
    await task.untilType('turn-routed');
    isNotHandedAgain(task);
  });
});

describe('a history that is replayed', () => {
  const user = (text: string, messageId: string | null = null) => ({ type: 'user', text, messageId }) as const;
  const said = (text: string) => ({ type: 'message', text, messageId: null }) as const;
  const reader = (): HistoryReader =>
    new HistoryReader({ ours: 'fix the\n sum', before: 'hello', oursBefore: 0, isFirst: false });
  const ids = { nonce: 'n', taskId: 't' };

  it('is read whatever it is cut into, and whatever blanks the agent kept', () => {
    const history = reader();
    for (const item of [user('hello'), said('hi'), user('<u>fix '), user('the sum</u>'), said('ok'), said(' then')]) {
      history.take(item);
    }
    const found = history.read(ids);
    assert.deepEqual([found.prompt, found.lastMessage], ['there', 'ok then']);
  });

  it('ends with the prompt before only when that is surely it', () => {
    const place = (before: string, last: string): string => {
      const history = new HistoryReader({ ours: 'fix the sum', before, oursBefore: 0, isFirst: false });
      history.take(user(last));
      return history.read(ids).prompt;
    };
    assert.equal(place('go', 'go'), 'missing');
    assert.equal(place('go', 'go on with the gopher'), 'unclear', 'a word or two could be part of anything');
    assert.equal(place('look at the gopher', '<u>look at the gopher</u>'), 'missing');
  });

  it('does not take words of before the prompt for its answer', () => {
    const history = reader();
    for (const item of [said('an old answer'), user('fix the sum')]) history.take(item);
    assert.deepEqual(history.read(ids), {
      prompt: 'there',
      callback: { type: 'missing' },
      lastMessage: '',
      toolCalls: 0,
    });
  });
});
