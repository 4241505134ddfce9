import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { whyNotTraceable } from '../faults/syscalls/inject.ts';
import { realContext } from './real-context.ts';
import { Scratch } from './scratch.ts';

/** The next sync of this file fails, as after a write that went wrong; those of other files do not. */
async function failSync(t: TestContext, file: string): Promise<void> {
  const probe = await open(file);
  const kind = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const real = Reflect.get(kind, 'datasync');
  t.mock.method(kind, 'datasync', function (this: FileHandle): Promise<void> {
    return readlinkSync(`/proc/self/fd/${this.fd}`) === file
      ? Promise.reject(new Error('EIO: i/o error, fdatasync'))
      : real.call(this);
  });
}

describe('a transcript whose sync fails', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  it('is told at once and to whoever asks, although the journal goes on', async (t) => {
    const { log, paths } = await realContext(t);
    const told: string[] = [];
    log.onBroken((error) => told.push(error.message));
    void log.transcribe('t-1', Buffer.from('{"n":1}'));
    await log.flushTranscript();
    await failSync(t, paths.transcript);
    void log.transcribe('t-1', Buffer.from('{"n":2}'));
    await assert.rejects(log.flushTranscript(), { code: 'journal-sync-failed' });
    await log.append({ type: 'milestone', text: 'The journal goes on.' });
    assert.match(log.broken?.message ?? '', /transcript\.ndjson could not be made durable: EIO/);
    assert.equal(told.length, 1);
  });

  it('ends its host in the middle of a turn, says why, and the next one goes on', async (t) => {
    const why = whyNotTraceable();
    if (why !== null) return t.skip(why);
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const steps = [
      { type: 'text', text: 'one' },
      { type: 'wait-for-file', path: goOn },
      { type: 'text', text: 'two' },
      { type: 'hang' },
    ] as const;
    const session = scratch.plain({
      prompts: [
        { match: 'begin', steps: [...steps] },
        { match: '.', steps: [{ type: 'text', text: 'three' }] },
      ],
    });
    await session.tell('begin');
    const pid = await session.host();
    await session.untilType('prompt-accepted');
    const trace = path.join(scratch.root, 'trace');
    const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO'];
    const tracer = spawn('strace', ['-f', '-P', session.paths.transcript, ...inject, '-o', trace, '-p', String(pid)]);
    t.after(() => tracer.kill());
    // strace says on its error output that it holds the process.
    await once(tracer.stderr, 'data');
    writeFileSync(goOn, '');
    await session.until('a word why', (one) => one.type === 'milestone' && /could not be made durable/.test(one.text));
    await once(tracer, 'exit');
    assert.match(readFileSync(trace, 'utf8'), /INJECTED/);
    assert.match(session.hostLog(), /conduxt-host: .*transcript\.ndjson could not be made durable/);
    await session.tell('go on');
    assert.equal((await session.untilType('turn-ended')).verdict, 'unknown');
    assert.equal((await session.untilType('turn-ended', 2)).lastMessage, 'three');
    assert.match(readFileSync(session.paths.transcript, 'utf8'), /three/);
  });
});
