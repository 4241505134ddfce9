import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { markedPids } from '../../src/process/marker.ts';
import type { Script, Step } from '../backend/headless/scripted-agent.ts';
import { sessionRecord } from '../session/samples.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const SCRIPTED = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const wrong: Step = { type: 'shell', command: "echo 6 > sum.txt && git commit -qam 'fix: wrong'" };
const done: Step = { type: 'callback', status: 'completed' };

interface Made {
  readonly scratch: Scratch;
  readonly task: LiveSession;
  readonly file: (name: string) => string;
  /** Its processes, and what each was told. */
  readonly starts: () => readonly (readonly string[])[];
  readonly prompts: () => readonly string[];
}

/** A task, or a session without one, whose agent is the scripted one, a process for each prompt. */
function make(t: TestContext, prompts: Script['prompts'], plain = false, kind: 'task' | 'session' = 'task'): Made {
  const scratch = new Scratch(t);
  const file = (name: string): string => path.join(scratch.root, name);
  const agent = {
    ...sessionRecord().agent,
    name: plain ? 'mine' : 'codex',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', SCRIPTED, file('headless.json')],
  };
  const script: Script = { log: file('headless.log'), state: file('conversations.json'), plain, prompts };
  writeFileSync(file('headless.json'), JSON.stringify(script).replaceAll('{{root}}', scratch.root));
  const record = { backend: 'headless', requestedBackend: 'headless', agent } as const;
  const task =
    kind === 'task' ? scratch.task({}, { name: 'task-1', record }) : scratch.plain({}, { name: 'talk', record });
  const logged = (event: string): Record<string, unknown>[] =>
    (existsSync(script.log) ? readFileSync(script.log, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((each) => each['event'] === event);
  return {
    scratch,
    task,
    file,
    starts: () => logged('start').map(({ args }) => args as string[]),
    prompts: () => logged('prompt').map(({ text }) => String(text)),
  };
}

const sessionsOf = (task: LiveSession): (readonly [string | null, string])[] =>
  task.journal().flatMap((each) => (each.type === 'agent-session' ? [[each.nativeId, each.continuity] as const] : []));
const verdictsOf = (task: LiveSession): string[] =>
  task.journal().flatMap((each) => (each.type === 'turn-ended' ? [each.verdict] : []));

describe('a headless task', { concurrency: 2 }, () => {
  it('goes from its prompt to a verified pull request, and leaves no process', async (t) => {
    const { scratch, task, prompts } = make(t, [[fix, done]]);
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['completed', 'verified by its tests']);
    const { delivery, life } = task.view().folded;
    assert.equal(delivery.receipt?.commit, scratch.git('rev-parse', 'fix/task-1'));
    assert.match(readFileSync(new URL(delivery.pullRequest?.url ?? ''), 'utf8'), /`codex`.* run headless/);
    assert.match(prompts()[0] ?? '', /Make the sum 4\.[\s\S]*callback-json/);
    assert.equal(life.agent.running, false);
    assert.match(life.agent.nativeId ?? '', /^01a1fbf7-/);
    assert.deepEqual(markedPids(task.record.id), []);
  });

  it('is sent back while its tests are red, in a process of its own and the same conversation', async (t) => {
    const { task, starts, prompts } = make(t, [
      [wrong, done],
      [fix, done],
    ]);
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(prompts()[1] ?? '', /0 passed, 1 failed/);
    const [[nativeId] = [null]] = sessionsOf(task);
    assert.deepEqual(sessionsOf(task), [
      [nativeId, 'new'],
      [nativeId, 'resumed'],
    ]);
    assert.deepEqual(starts()[1]?.slice(-3), ['resume', nativeId, '-']);
    assert.equal(task.types().filter((type) => type === 'agent-exited').length, 2);
  });

  it('is told more while it works: the receipt says queued, also for a steer, and it comes next', async (t) => {
    const working: Step[] = [
      { type: 'shell', command: 'touch {{root}}/working' },
      { type: 'wait-for-file', path: '{{root}}/go-on' },
    ];
    const { task, file, prompts } = make(t, [[...working, fix, done], [done], [done]]);
    await task.host();
    await task.untilFile(file('working'));
    assert.equal((await task.tell('Also this.')).outcome, 'queued');
    assert.equal((await task.tell('And that.', 'steer')).outcome, 'queued');
    writeFileSync(file('go-on'), '');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(prompts().length, 3);
    assert.match(prompts()[1] ?? '', /Also this\./);
    assert.match(prompts()[2] ?? '', /And that\./);
    assert.deepEqual(
      sessionsOf(task).map(([, continuity]) => continuity),
      ['new', 'resumed', 'resumed'],
    );
  });

  it('ends with its host: the next one ends what is left, and goes on in the same conversation', async (t) => {
    const { task, file, prompts } = make(t, [
      [{ type: 'leave-behind' }, { type: 'shell', command: 'touch {{root}}/working' }, { type: 'hang' }],
      [fix, done],
    ]);
    await task.host();
    await task.untilFile(file('working'));
    await task.untilType('agent-session');
    const old = markedPids(task.record.id);
    assert.ok(old.length > 0);
    await task.killHost();
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.deepEqual(verdictsOf(task), ['unknown', 'done']);
    const [[nativeId] = [null]] = sessionsOf(task);
    assert.deepEqual(sessionsOf(task)[1], [nativeId, 'resumed']);
    assert.match(prompts()[1] ?? '', /interrupted/);
    assert.equal(prompts().filter((text) => text.startsWith('Make the sum')).length <= 1, true, 'not repeated');
    assert.deepEqual(
      markedPids(task.record.id).filter((pid) => old.includes(pid)),
      [],
    );
  });

  it('that lost its conversation begins a new one, says so, and knows what it was told', async (t) => {
    const forget: Step = { type: 'shell', command: 'rm {{root}}/conversations.json' };
    const { task, prompts, starts } = make(t, [[wrong, forget, done], [], [fix, done]]);
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.deepEqual(
      task.journal().flatMap((each) => (each.type === 'turn-ended' ? [each.failure ?? each.verdict] : [])),
      ['done', 'conversation-lost', 'done'],
    );
    assert.deepEqual(
      starts().map((args) => args.includes('resume')),
      [false, true, false],
    );
    assert.match(prompts()[2] ?? '', /could not be resumed[\s\S]*Make the sum 4\.[\s\S]*\+6/);
    assert.deepEqual(
      sessionsOf(task).map(([nativeId, continuity]) => [nativeId === null, continuity]),
      [
        [false, 'new'],
        [false, 'resumed'],
        [false, 'new'],
      ],
    );
  });

  it('of a program without conversations gets the brief with each further prompt, and says so', async (t) => {
    const { task, prompts } = make(
      t,
      [
        [wrong, done],
        [fix, done],
      ],
      true,
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(prompts()[1] ?? '', /could not be resumed[\s\S]*Make the sum 4\.[\s\S]*\+6[\s\S]*0 passed, 1 failed/);
    const opened = task.journal().filter((each) => each.type === 'agent-session');
    assert.match(opened.at(-1)?.lost ?? '', /conversation/);
  });

  it('that is cancelled keeps its conversation for the next prompt', async (t) => {
    const { task, file } = make(t, [
      [{ type: 'shell', command: 'touch {{root}}/working' }, { type: 'hang' }],
      [fix, done],
    ]);
    await task.host();
    await task.untilFile(file('working'));
    await task.untilType('agent-session');
    await task.call({ op: 'cancel', scope: 'turn' });
    assert.equal((await task.untilType('turn-ended')).verdict, 'cancelled');
    await task.tell('Go on.');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const [[nativeId] = [null]] = sessionsOf(task);
    assert.deepEqual(sessionsOf(task)[1], [nativeId, 'resumed']);
  });
});

describe('a headless session without a task', { concurrency: 2 }, () => {
  const say = (text: string): Step => ({ type: 'say', text });

  it('answers each tell in its one conversation, and has no process in between', async (t) => {
    const { task: talk, starts } = make(t, [[say('One.')], [say('Two.')]], false, 'session');
    await talk.host();
    await talk.tell('First.');
    const first = await talk.untilType('turn-ended');
    await talk.untilType('agent-exited');
    assert.deepEqual(markedPids(talk.record.id), []);
    await talk.tell('Second.');
    const second = await talk.untilType('turn-ended', 2);
    assert.deepEqual([first.lastMessage, second.lastMessage], ['One.', 'Two.']);
    const [[nativeId] = [null]] = sessionsOf(talk);
    assert.deepEqual(starts()[1]?.slice(-3), ['resume', nativeId, '-']);
  });

  it('says again what an agent that lost its conversation could not hear', async (t) => {
    const forget: Step = { type: 'shell', command: 'rm {{root}}/conversations.json' };
    const { task: talk, prompts } = make(t, [[forget, say('One.')], [], [say('Two.')]], false, 'session');
    await talk.host();
    await talk.tell('First.');
    await talk.untilType('turn-ended');
    await talk.tell('Second.');
    const third = await talk.untilType('turn-ended', 3);
    assert.equal(third.lastMessage, 'Two.');
    assert.match(prompts()[2] ?? '', /could not be resumed[\s\S]*Second\./);
    assert.deepEqual(
      sessionsOf(talk).map(([, continuity]) => continuity),
      ['new', 'resumed', 'new'],
    );
  });
});
