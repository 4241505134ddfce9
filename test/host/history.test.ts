import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { HistoryReader, type KnownPrompts } from '../../src/host/history-reader.ts';
import type { MethodScript, Run, Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { HistoryItem } from '../../src/session/history.ts';
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
const deaf: Run = { new: { after: [{ type: 'stop-reading' }, { type: 'hang' }] } };

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

describe('a prompt that is not in the history of its agent', () => {
  /** Its agent dies without a word when it is told the second one; then it knows of the first. */
  const settled = async (t: TestContext, load: MethodScript, second: string, spoil?: (scratch: Scratch) => void) => {
    const scratch = new Scratch(t);
    spoil?.(scratch);
    const session = scratch.plain({
      load,
      prompts: [
        { times: 1, steps: [say('this is the first answer')] },
        { match: '.', steps: [{ type: 'exit', signal: 'SIGKILL' }] },
      ],
    });
    await session.tell('first');
    await session.untilType('turn-ended');
    await session.tell(second, 'queue', 'second');
    const isSettled = (type: string): boolean => type === 'prompt-returned' || type === 'turn-ended';
    const { type } = await session.until('an end', (record, all) => {
      return isSettled(record.type) && all.filter((one) => isSettled(one.type)).indexOf(record) === 1;
    });
    return type;
  };
  const first: Step = { type: 'past-prompts', count: 1 };

  it('is handed over again', async (t) => {
    assert.equal(await settled(t, replays(first, say('this is the first answer')), 'second'), 'prompt-returned');
  });

  it('is not, when the same words were said before', async (t) => {
    assert.equal(await settled(t, replays(first), 'first'), 'turn-ended');
  });

  it('is not, when there are words in it that nobody has heard', async (t) => {
    const load = replays(first, say('this is the first answer'), { type: 'tool', toolCallId: 'c1', title: 'Edit' });
    assert.equal(await settled(t, load, 'second'), 'turn-ended');
  });

  it('is not, when the history came after it was said to be over', async (t) => {
    assert.equal(await settled(t, { supported: true, after: [first] }, 'second'), 'turn-ended');
  });

  it('is not, when the session has no worktree in which its work would be seen', async (t) => {
    const spoil = ({ repo, root }: Scratch): void => renameSync(path.join(repo, '.git'), path.join(root, 'away'));
    assert.equal(await settled(t, replays(first), 'second', spoil), 'turn-ended');
  });

  it('is not, when only the index changed', async (t) => {
    const task = await killed(t, 'task', {
      runs: [deaf, {}],
      load: replays(tellsAll),
      prompts: [{ steps: [fix, done] }],
    });
    const { cwd } = task.record;
    const { env } = task.scratch;
    execFileSync('git', ['update-index', '--chmod=+x', 'sum.txt'], { cwd, env });
    execFileSync('git', ['update-index', '--chmod=-x', 'sum.txt'], { cwd, env });
    await task.host();
    await task.untilType('turn-ended');
    assert.equal(ended(task)[0]?.verdict, 'unknown');
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

  it('is over at once, also before the agent has told anything; what is told next reaches that agent', async (t) => {
    const task = await asked(t);
    assert.equal((await task.call({ op: 'cancel', scope: 'turn' })).turn, 'cancelled');
    assert.equal(ended(task)[0]?.verdict, 'cancelled');
    letGoOn(task);
    await task.tell('go on');
    await task.untilType('prompt-accepted');
    assert.equal(task.prompts().length, 1);
    assert.equal(task.types().filter((type) => type === 'agent-started').length, 2, 'no third agent was started');
  });

  it('is over at once while its host waits for a place, and what interrupts it goes before', async (t) => {
    const limits = { slotsPerUser: 1 };
    const task = await killed(t, 'task', { ...script, load: replays(tellsAll) }, limits);
    const other = task.scratch.plain({ prompts: [{ steps: [say('working'), { type: 'hang' }] }] }, { limits });
    await other.tell('work');
    await other.untilType('prompt-accepted');
    await task.host();
    await task.untilType('slot-waiting');
    assert.equal((await task.tell('this first', 'interrupt')).outcome, 'interrupted');
    assert.equal((await task.untilType('turn-ended')).verdict, 'cancelled');
    await other.call({ op: 'stop' });
    await task.untilType('prompt-accepted');
    assert.match(task.prompts()[0] ?? '', /this first/);
  });

  it('is settled by the next host when the machine goes down meanwhile', async (t) => {
    const task = await asked(t);
    process.kill(await task.host(), 'SIGTERM');
    letGoOn(task);
    assert.equal((await task.untilType('host-stopped')).reason, 'signal');
    assert.equal(task.types().includes('turn-ended'), false);
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.types().includes('prompt-returned'), true);
    assert.equal(task.prompts().length, 1);
  });
});

describe('a history that is replayed', () => {
  const user = (text: string, messageId: string | null = null) => ({ type: 'user', text, messageId }) as const;
  const said = (text: string) => ({ type: 'message', text, messageId: null }) as const;
  const did = (toolCallId: string) => ({ type: 'tool', toolCallId }) as const;
  const turn = (prompt: string) => ({ prompt, lastMessage: 'hi, what is to be done?', toolCalls: 1 });
  const reader = (): HistoryReader =>
    new HistoryReader({ ours: 'fix the\n sum', before: turn('hello'), oursBefore: 0, isFirst: false });
  const ids = { nonce: 'n', taskId: 't' };
  const placeAfter = (known: KnownPrompts, items: readonly HistoryItem[]): string => {
    const history = new HistoryReader(known);
    for (const item of items) history.take(item);
    return history.read(ids, true).prompt;
  };

  it('is read whatever it is cut into, and whatever blanks the agent kept', () => {
    const history = reader();
    for (const item of [user('hello'), said('hi'), user('<u>fix '), user('the sum</u>'), said('ok'), said(' then')]) {
      history.take(item);
    }
    const found = history.read(ids, true);
    assert.deepEqual([found.prompt, found.lastMessage], ['there', 'ok then']);
  });

  it('ends with the prompt before only when that is surely it', () => {
    const place = (before: string, last: string): string =>
      placeAfter({ ours: 'fix the sum', before: turn(before), oursBefore: 0, isFirst: false }, [user(last)]);
    assert.equal(place('go', 'go'), 'missing');
    assert.equal(place('go', 'go on with the gopher'), 'unclear', 'a word or two could be part of anything');
    assert.equal(place('look at the gopher', '<u>look at the gopher</u>'), 'missing');
  });

  it('that tells no prompt shows with every other thing in it that the agent may have had it', () => {
    const known = { ours: 'fix the sum', before: null, oursBefore: 0, isFirst: true };
    assert.equal(placeAfter(known, []), 'missing');
    for (const item of [said('working'), did('c1'), { type: 'thought' } as const])
      assert.equal(placeAfter(known, [item]), 'unclear', item.type);
  });

  it('shows with whatever the turn before did not say or do that the agent may have had it', () => {
    const known = { ours: 'fix the sum', before: turn('hello'), oursBefore: 0, isFirst: false };
    const place = (...items: HistoryItem[]): string => placeAfter(known, [user('hello'), ...items]);
    assert.equal(place(did('c1'), said('hi, what is to be done?')), 'missing');
    assert.equal(place(said('what is to be done?')), 'missing', 'cut at another place');
    assert.equal(place(did('c1'), said('hi, what is to be done?'), did('c2')), 'unclear');
    assert.equal(place(did('c1'), said('hi, what is to be done?'), did('c1'), said('I fix it')), 'unclear');
  });

  it('does not take words of before the prompt for its answer', () => {
    const history = reader();
    for (const item of [said('an old answer'), user('fix the sum')]) history.take(item);
    assert.deepEqual(history.read(ids, true), {
      prompt: 'there',
      callback: { type: 'missing' },
      lastMessage: '',
      toolCalls: 0,
    });
  });
});
