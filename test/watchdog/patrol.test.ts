import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
import { readMemory, writeMemory, noMemory } from '../../src/watchdog/memory.ts';
import { patrol, type Pass, type Watched } from '../../src/watchdog/patrol.ts';
import { Scratch, waitFor, type LiveSession } from '../host/scratch.ts';
import { HOUR, settings } from './facts.ts';

const quick = { ...settings, helloMs: 300 };
const hangs: Script = {
  prompts: [
    { times: 1, match: '.', steps: [{ type: 'text', text: 'working' }, { type: 'hang' }] },
    { match: 'interrupted', steps: [{ type: 'callback', status: 'failed', fields: { summary: 'enough' } }] },
  ],
};
/** Touched whenever people are told. */
const marker = (scratch: Scratch, name: string): string => path.join(scratch.root, name);

function pass(scratch: Scratch, over: { now?: number; only?: string } = {}): Promise<Pass> {
  const options = {
    home: scratch.home,
    runtimeDir: path.join(scratch.root, 'run'),
    env: scratch.env,
    settings: quick,
    now: () => over.now ?? Date.now(),
    ...(over.only === undefined ? {} : { only: over.only }),
  };
  return patrol(options).then((done) => {
    assert.ok(done);
    return done;
  });
}
const of = (done: Pass, session: LiveSession): Watched => {
  const found = done.sessions.find((one) => one.sessionId === session.record.id);
  assert.ok(found);
  return found;
};
const did = ({ done }: Watched): string[] => done.map(({ action, problem }) => problem ?? action.type);

async function atWork(t: TestContext, record = {}): Promise<{ scratch: Scratch; task: LiveSession }> {
  const scratch = new Scratch(t);
  const notify = [{ type: 'marker', path: marker(scratch, 'told') }] as const;
  const task = scratch.task(hangs, { record: { hooks: { notify, memoryFile: null }, ...record } });
  await task.host();
  await task.untilType('prompt-accepted');
  return { scratch, task };
}

describe('a pass of the watchdog', () => {
  it('brings back a session whose host was killed, says so in its journal, and does nothing in the next', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.killHost();
    const first = of(await pass(scratch), task);
    assert.equal(first.verdict?.rule, 'host-dead');
    assert.deepEqual(did(first), ['start-host']);
    await task.until('the milestone', (one) => one.type === 'milestone' && one.text.includes('a new host goes on'));
    assert.equal((await task.untilType('task-ended')).end, 'failed');
    await task.untilType('notified');
    assert.deepEqual(did(of(await pass(scratch), task)), []);
    assert.equal(readMemory(task.paths).tried, 0, 'it was seen healthy, or over');
  });

  it('starts no host to wait for a person, and one when the time for an answer is over', async (t) => {
    const scratch = new Scratch(t);
    const asks: Script = {
      prompts: [{ steps: [{ type: 'callback', status: 'need_clarification', fields: { summary: 'Which?' } }] }],
    };
    const limits = { decisionTimeoutMs: HOUR };
    const task = scratch.task(asks, { limits, record: { hooks: { notify: [], memoryFile: null } } });
    await task.host();
    await task.until('people were told', (one) => one.type === 'notified' && one.about.startsWith('decision/'));
    const agent = await task.untilType('agent-started');
    await task.killHost();
    // It ends when its stdin does; until then it would have to be swept.
    const isGone = (): boolean => startTimeOf(agent.process.pid) === null;
    await waitFor(task.paths.dir, isGone, 8_000, () => 'the agent outlived its host');
    const waiting = of(await pass(scratch), task);
    assert.deepEqual([waiting.verdict?.rule, did(waiting)], ['waits-for-person', []]);
    const over = of(await pass(scratch, { now: Date.now() + 2 * HOUR }), task);
    assert.deepEqual([over.verdict?.rule, did(over)], ['decision-expired', ['start-host']]);
  });

  it('does nothing twice when two of them run at once', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.killHost();
    const both = await Promise.all([pass(scratch), pass(scratch), task.host()]);
    const hosts = task.journal().filter((record) => record.type === 'host-started');
    assert.equal(hosts.length, 2, 'the one that was killed and one more');
    const started = both.slice(0, 2).flatMap((one) => did(of(one as Pass, task)));
    assert.ok(started.length <= 1);
  });

  it('replaces a host that is frozen, by its identity', async (t) => {
    const { scratch, task } = await atWork(t);
    const pid = task.view().folded.life.host?.process.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    const watched = of(await pass(scratch), task);
    assert.equal(watched.verdict?.rule, 'host-silent');
    assert.deepEqual(did(watched), ['start-host']);
    assert.equal(startTimeOf(pid), null);
    await task.untilType('task-ended');
  });

  it('leaves a session at work alone, and does not keep its host from leaving', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(
      { prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] },
      {
        limits: { hostIdleMs: 1_500 },
      },
    );
    await session.tell('hello');
    await session.untilType('turn-ended');
    const pid = session.view().folded.life.host?.process.pid ?? 0;
    const greet = setInterval(() => void pass(scratch).catch(() => {}), 300);
    try {
      const left = (): boolean => startTimeOf(pid) === null;
      await waitFor(session.paths.dir, left, 8_000, () => 'a host that owes nothing was kept alive by greetings');
    } finally {
      clearInterval(greet);
    }
    assert.deepEqual(did(of(await pass(scratch), session)), []);
  });

  it('ends the agent of a turn that is beyond its limit, and the work is taken up anew', async (t) => {
    const { scratch, task } = await atWork(t, {});
    const later = Date.now() + HOUR / 2 + 60_000;
    const watched = of(await pass(scratch, { now: later }), task);
    assert.equal(watched.verdict?.rule, 'turn-overdue');
    assert.deepEqual(did(watched), ['renew-agent']);
    await task.untilType('agent-exited');
    assert.equal((await task.untilType('task-ended')).end, 'failed');
  });

  it('gives up after its hours, and the task ends as failed with the history of tries', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.killHost();
    const tries = [{ atMs: 1_700_000_000_000, why: 'its host died', problem: 'no such program' }];
    writeMemory(task.paths, { ...noMemory, tries, tried: 7, failingMs: 5 * HOUR, countedAtMs: Date.now() });
    const watched = of(await pass(scratch), task);
    assert.deepEqual([watched.verdict?.rule, did(watched)], ['gave-up', ['give-up']]);
    const { ended } = task.view().folded.life;
    assert.deepEqual([ended?.end, ended?.code], ['failed', 'recovery-failed']);
    assert.match(ended?.reason ?? '', /7 tries in 5 h 00 min .*no such program/);
    assert.equal(task.view().state, 'failed');
    assert.ok(existsSync(marker(scratch, 'told')));
    assert.deepEqual(did(of(await pass(scratch), task)), []);
  });

  it('asks a person when a session without a task cannot be brought back', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(hangs);
    await session.tell('go');
    await session.untilType('prompt-accepted');
    await session.killHost();
    writeMemory(session.paths, { ...noMemory, tried: 7, failingMs: 5 * HOUR, countedAtMs: Date.now() });
    // The turn's end is unknown and nothing more is owed: the fate of that prompt is all there is to say.
    await pass(scratch);
    assert.equal(session.view().state, 'needs-person');
  });

  it('remembers a start that fails, tries it more rarely, and tells people once', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.killHost();
    rmSync(task.paths.epochs, { recursive: true });
    const startedAt = Date.now();
    const first = of(await pass(scratch), task);
    assert.match(did(first)[0] ?? '', /could not start/);
    assert.deepEqual(did(of(await pass(scratch), task)), [], 'it is not time yet');
    assert.equal(existsSync(marker(scratch, 'told')), false);
    await pass(scratch, { now: startedAt + HOUR });
    assert.ok(existsSync(marker(scratch, 'told')));
    rmSync(marker(scratch, 'told'));
    await pass(scratch, { now: startedAt + 3 * HOUR });
    assert.equal(existsSync(marker(scratch, 'told')), false, 'people were told already');
    mkdirSync(task.paths.epochs, { mode: 0o700 });
    const asked = of(await pass(scratch, { only: task.record.id }), task);
    assert.deepEqual(did(asked), ['start-host'], 'a person asked, so no pause holds it up');
    await task.untilType('task-ended');
  });

  it('starts what died with the machine', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.killHost();
    await task.end();
    const rebooted = task
      .journal()
      .map((record) =>
        'process' in record ? { ...record, process: { ...record.process, bootId: 'another-boot' } } : record,
      );
    writeFileSync(task.paths.journal, Buffer.concat(rebooted.map((record) => encodeRecord(withoutSum(record)))));
    const watched = of(await pass(scratch), task);
    assert.deepEqual([watched.verdict?.rule, did(watched)], ['rebooted', ['start-host']]);
    await task.untilType('task-ended');
  });

  it('looks at what is unreadable without losing sight of the rest', async (t) => {
    const { scratch, task } = await atWork(t);
    const broken = scratch.plain(hangs, { name: 'broken' });
    writeFileSync(broken.paths.record, '{ not json');
    await task.killHost();
    const done = await pass(scratch);
    assert.match(of(done, broken).problem ?? '', /session\.json/);
    assert.deepEqual(did(of(done, task)), ['start-host']);
    await task.untilType('task-ended');
    writeFileSync(broken.paths.record, JSON.stringify(broken.record));
  });

  it('does not read again what is over and has not changed', async (t) => {
    const { scratch, task } = await atWork(t);
    await task.call({ op: 'stop' });
    await waitFor(
      task.paths.dir,
      () => !task.view().hostAlive,
      10_000,
      () => 'the host did not leave',
    );
    assert.equal(of(await pass(scratch), task).verdict?.rule, 'over');
    assert.equal(of(await pass(scratch), task).verdict, null);
    assert.ok(readFileSync(path.join(scratch.home, 'watchdog/settled.json'), 'utf8').includes(task.record.id));
    assert.equal(of(await pass(scratch, { only: task.record.id }), task).verdict?.rule, 'over');
  });
});

/** As it was before it was written: the checksum is added anew. */
function withoutSum(record: object): object {
  const { c: _, ...rest } = record as { c?: unknown };
  return rest;
}

describe('sessions that were refused for want of a login', () => {
  it('keep the watchdog from starting more of that agent, until a person asks for one', async (t) => {
    const scratch = new Scratch(t);
    const refuses: Script = {
      prompts: [
        { match: '.', steps: [{ type: 'answer', error: { code: -32000, message: 'Authentication required' } }] },
      ],
    };
    const refused = ['one', 'two', 'three'].map((name) => scratch.plain(refuses, { name }));
    for (const session of refused) {
      await session.tell('go');
      await session.untilType('turn-ended');
    }
    const lost = scratch.plain(hangs, { name: 'lost' });
    await lost.tell('go');
    await lost.untilType('prompt-accepted');
    await lost.killHost();
    const watched = of(await pass(scratch), lost);
    assert.deepEqual([watched.verdict?.rule, did(watched)], ['login-halt', []]);
    const asked = of(await pass(scratch, { only: lost.record.id }), lost);
    assert.deepEqual(did(asked), ['start-host']);
  });
});
