import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch, type LiveSession } from './scratch.ts';
import { HANGS_FIRST } from './scripts.ts';

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
    const session = scratch.plain(HANGS_FIRST);
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
    const session = scratch.plain(HANGS_FIRST);
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
