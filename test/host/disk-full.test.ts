import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { isAlive } from '../../src/process/identity.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { sessionRecord } from '../session/samples.ts';
import type { ProcessIdentity } from '../../src/session/events.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';

const HEADLESS_AGENT = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');

/**
 * Puts the state directory of `scratch` on a file system of 3 MiB, and answers where that is; null, and the test is skipped,
 * when this machine does not let us make one. Called after the scratch was made: hooks run in the order they were made, and
 * its processes must be gone before the disk is.
 */
function onSmallDisk(t: TestContext, scratch: Scratch): string | null {
  const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', directory]);
  if (mounted.status !== 0) {
    rmSync(directory, { recursive: true });
    t.skip('a file system cannot be mounted here (needs root)');
    return null;
  }
  t.after(() => {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  scratch.home = path.join(directory, 'state');
  mkdirSync(scratch.home);
  return directory;
}

const TIMEOUT_MS = 3_000;
const OWED = 40;

describe('a full disk', () => {
  it('refuses prompts loudly, keeps every acknowledged one, and goes on when there is space again', async (t) => {
    const scratch = new Scratch(t);
    const disk = onSmallDisk(t, scratch);
    if (disk === null) return;
    const goOn = path.join(scratch.root, 'go-on');
    const session = scratch.plain({
      prompts: [
        {
          match: 'begin',
          steps: [
            { type: 'text', text: 'x' },
            { type: 'wait-for-file', path: goOn },
          ],
        },
        { match: '.', steps: [{ type: 'text', text: 'ok' }] },
      ],
    });
    await session.tell('begin');
    await session.untilType('prompt-accepted');
    const filler = path.join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
    const acknowledged: string[] = [];
    let refusal: unknown = null;
    for (let index = 0; index < 40 && refusal === null; index += 1) {
      const text = `${String(index).padStart(3, '0')} ${'x'.repeat(100_000)}`;
      try {
        await session.tell(text, 'queue', `key-${index}`);
        acknowledged.push(text);
      } catch (error) {
        refusal = error;
      }
    }
    assert.ok(refusal instanceof ConduxtError, 'the disk was never full');
    assert.equal(refusal.exitCode, 74);
    assert.ok(refusal.remedy);
    assert.equal(session.view().damaged.length, 0);
    rmSync(filler);
    assert.equal((await session.tell('after', 'queue', 'key-after')).outcome, 'queued');
    writeFileSync(goOn, '');
    await session.untilType('turn-ended', acknowledged.length + 2);
    assert.deepEqual(session.prompts(), ['begin', ...acknowledged, 'after']);
  });

  it('holds back the end of a task until there is space to record it, under the same host', async (t) => {
    const scratch = new Scratch(t);
    const disk = onSmallDisk(t, scratch);
    if (disk === null) return;
    const task = scratch.task(
      { prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] },
      { limits: { taskTimeoutMs: TIMEOUT_MS } },
    );
    await task.host();
    const accepted = await task.untilType('prompt-accepted');
    // Dropping these takes more than the journal's last page still holds.
    for (let index = 0; index < OWED; index += 1) await task.tell(`owed ${index}`);
    const filler = openSync(path.join(disk, 'filler'), 'w');
    assert.throws(() => {
      for (;;) writeSync(filler, Buffer.alloc(4096));
    }, /ENOSPC/);
    const timeIsUp = Date.parse(accepted.at) + TIMEOUT_MS + 500;
    await waitFor(
      disk,
      () => Date.now() > timeIsUp,
      20_000,
      () => 'the clock stands still',
    );
    assert.equal(task.types().includes('task-ended'), false);
    ftruncateSync(filler);
    closeSync(filler);
    const ended = await task.untilType('task-ended');
    assert.equal(ended.type === 'task-ended' && ended.code, 'timed-out');
    assert.equal(task.journal().filter((record) => record.type === 'prompt-dropped').length, OWED);
    assert.equal(task.journal().filter((record) => record.type === 'host-started').length, 1);
  });

  it('holds back a pull request until there is room for it: the task is not called completed without it', async (t) => {
    let mounted = false;
    // Before the scratch is removed.
    t.after(() => void (mounted && execFileSync('umount', ['-l', pages])));
    const scratch = new Scratch(t);
    const pages = path.join(scratch.home, 'repos', 'demo-12345678', 'prs');
    mkdirSync(pages, { recursive: true });
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=0700', 'tmpfs', pages]).status === 0;
    if (!mounted) return t.skip('a file system cannot be mounted here (needs root)');
    writeFileSync(path.join(pages, 'filler'), Buffer.alloc(4096));
    const commit: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
    const task = scratch.task({ prompts: [{ steps: [commit, { type: 'callback', status: 'completed' }] }] });
    await task.host();
    const log = (): string => readFileSync(task.paths.hostLog, 'utf8');
    await waitFor(scratch.root, () => /step waits: .*ENOSPC/.test(log()), 20_000, log);
    assert.equal(task.types().includes('task-ended'), false);
    rmSync(path.join(pages, 'filler'));
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.view().folded.delivery.blocked, null);
    assert.deepEqual(readdirSync(pages), ['fix-task-1.md']);
  });

  it('holds back a headless prompt until there is room for its file: it stays owed, and is handed once', async (t) => {
    const scratch = new Scratch(t);
    const disk = onSmallDisk(t, scratch);
    if (disk === null) return;
    const file = (name: string): string => path.join(scratch.root, name);
    const prompts = [[{ type: 'wait-for-file', path: file('go-on') }], [{ type: 'say', text: 'two' }]];
    const script = { log: file('headless.log'), state: file('conversations.json'), prompts };
    writeFileSync(file('headless.json'), JSON.stringify(script));
    const agent = {
      ...sessionRecord().agent,
      name: 'codex',
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', HEADLESS_AGENT, file('headless.json')],
    };
    const record = { backend: 'headless', requestedBackend: 'headless', agent } as const;
    const session = scratch.plain({}, { record });
    await session.tell('one');
    await session.untilFile(script.log);
    const long = `two ${'x'.repeat(200_000)}`;
    await session.tell(long, 'queue', 'long');
    const filler = openSync(path.join(disk, 'filler'), 'w');
    assert.throws(() => {
      for (;;) writeSync(filler, Buffer.alloc(4096));
    }, /ENOSPC/);
    // Enough for the journal, not for the prompt.
    ftruncateSync(filler, fstatSync(filler).size - 100_000);
    writeFileSync(file('go-on'), '');
    await waitFor(
      session.paths.dir,
      () => session.hostLog().includes('hand waits:'),
      20_000,
      () => `it does not wait: ${session.hostLog()}\n${session.types().join(' ')}`,
    );
    assert.equal(session.types().filter((type) => type === 'prompt-handed').length, 1);
    ftruncateSync(filler);
    closeSync(filler);
    const ended = await session.untilType('turn-ended', 2);
    assert.equal(ended.verdict, 'done');
    const told = readFileSync(script.log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(long));
    assert.equal(told.length, 1);
    assert.equal(session.journal().filter((one) => one.type === 'host-started').length, 1);
  });

  /** An agent that says something every few milliseconds and does not listen, on a disk that has no room any more. */
  async function chattyOnFullDisk(
    t: TestContext,
  ): Promise<{ session: LiveSession; agent: ProcessIdentity; makeRoom: () => void } | null> {
    const scratch = new Scratch(t);
    const disk = onSmallDisk(t, scratch);
    if (disk === null) return null;
    const said = { type: 'text', text: 'x'.repeat(1500) } as const;
    const steps = Array.from({ length: 2000 }, () => [said, { type: 'delay', ms: 20 } as const]).flat();
    const prompts = [
      { match: 'begin', steps: [...steps, { type: 'hang' } as const], onCancel: { answer: 'ignore' as const } },
      { match: '.', steps: [{ type: 'text', text: 'ok' } as const] },
    ];
    const session = scratch.plain({ prompts }, { limits: { cancelTimeoutMs: 60_000 } });
    await session.tell('begin');
    await session.untilType('prompt-accepted');
    const { process: agent } = await session.untilType('agent-started');
    const filler = openSync(path.join(disk, 'filler'), 'w');
    for (let bytes = 65_536; bytes > 0; bytes = Math.floor(bytes / 2))
      assert.throws(() => {
        for (;;) writeSync(filler, Buffer.alloc(bytes));
      }, /ENOSPC/);
    const makeRoom = (): void => {
      ftruncateSync(filler);
      closeSync(filler);
    };
    return { session, agent, makeRoom };
  }

  it('keeps no agent alive: stop ends it in time, says what is missing, and that comes when there is room', async (t) => {
    const chatty = await chattyOnFullDisk(t);
    if (chatty === null) return;
    const { session, agent, makeRoom } = chatty;
    await assert.rejects(
      session.call({ op: 'stop' }),
      (error) =>
        error instanceof ConduxtError &&
        error.exitCode === 74 &&
        /was ended; that is not written down yet/.test(error.message) &&
        error.remedy !== undefined,
    );
    assert.equal(isAlive(agent), false);
    makeRoom();
    await session.untilType('host-stopped');
    assert.equal(session.view().folded.life.stopped, true);
    assert.equal(session.view().folded.turns.open, null);
    assert.equal(session.view().damaged.length, 0);
    assert.equal(session.types().filter((type) => type === 'agent-started').length, 1);
  });

  it('keeps no agent alive: cancel answers in time, cancel --force ends it, and the session goes on', async (t) => {
    const chatty = await chattyOnFullDisk(t);
    if (chatty === null) return;
    const { session, agent, makeRoom } = chatty;
    await assert.rejects(
      session.call({ op: 'cancel', scope: 'turn' }),
      /was asked to end its turn; .* not written down/,
    );
    await assert.rejects(
      session.call({ op: 'cancel', scope: 'turn', force: true }),
      /was ended; .* not written down yet/,
    );
    assert.equal(isAlive(agent), false);
    makeRoom();
    await session.untilType('turn-ended');
    await session.tell('go on');
    assert.equal((await session.untilType('turn-ended', 2)).lastMessage, 'ok');
    assert.equal(session.view().damaged.length, 0);
  });
});
