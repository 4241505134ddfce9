import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { parseCursor, type Cursor } from '../../src/store/cursor.ts';
import { beginAt, follow, followBatches, type Beginning, type Followed } from '../../src/store/follow.ts';
import { MAX_LINE_BYTES } from '../../src/store/follow/line-window.ts';
import type { SessionPaths } from '../../src/store/paths.ts';
import { FakeHost, hostStarted, journal, nameOf, scratchSession, sizes, transcript } from './follow/session-files.ts';

const START: Cursor = { epoch: 0, seq: 0 };

async function readAll(paths: SessionPaths, since: Cursor = START): Promise<string[]> {
  const names: string[] = [];
  for await (const followed of follow({ paths, since, live: false, signal: new AbortController().signal })) {
    names.push(nameOf(followed));
  }
  return names;
}

/** A live follower, read one record at a time. Ended with the test. */
function startFollowing(t: TestContext, paths: SessionPaths, since: Cursor = START) {
  const abort = new AbortController();
  const followed: AsyncGenerator<Followed> = follow({ paths, since, live: true, signal: abort.signal });
  t.after(async () => {
    abort.abort();
    await followed.return(undefined);
  });
  return {
    async next(): Promise<string> {
      const result = await followed.next();
      return result.done === true ? 'end' : nameOf(result.value);
    },
    async take(count: number): Promise<string[]> {
      const names: string[] = [];
      while (names.length < count) names.push(await this.next());
      return names;
    },
    stop: () => abort.abort(),
  };
}

describe('reading a session whose host is gone', () => {
  it('merges journal and transcript by number', async (t) => {
    const paths = scratchSession(t);
    for (const seq of [1, 2, 5]) journal(paths, seq);
    for (const seq of [3, 4, 6]) transcript(paths, seq);
    assert.deepEqual(await readAll(paths), ['j1:1', 'j1:2', 't1:3', 't1:4', 'j1:5', 't1:6', 'caught-up dead']);
  });

  it('gives each message of a batch as it was written, however much is read for it', async (t) => {
    const paths = scratchSession(t);
    const messages = Array.from({ length: 240 }, (_, index) =>
      JSON.stringify(`${index} `.repeat(1 + ((index * 977) % (index % 3 === 2 ? 50_000 : 3_000)))),
    );
    messages.forEach((message, index) => transcript(paths, index + 1, 1, message));
    // It waits to be told, with its message, while all the others are read.
    journal(paths, messages.length + 1);
    const read: string[] = [];
    const { signal } = new AbortController();
    for await (const batch of followBatches({ paths, since: START, live: false, signal })) {
      for (const followed of batch) if (followed.source === 'transcript') read.push(String(followed.message));
    }
    assert.ok(read.join('').length > 3_000_000);
    assert.deepEqual(read, messages);
  });

  it('is empty for a session that has not begun', async (t) => {
    assert.deepEqual(await readAll(scratchSession(t)), ['caught-up dead']);
  });

  it('tells a damaged line with its place and goes on', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1);
    const place = statSync(paths.journal).size;
    appendFileSync(paths.journal, '{"seq":2,"epoch":1,"type":"milestone","c":"00000000"}\n');
    journal(paths, 3);
    assert.deepEqual(await readAll(paths), ['j1:1', `damaged journal@${place}`, 'j1:3', 'caught-up dead']);
  });

  it('does not tell a damaged line again to a reader who has seen what is behind it', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1);
    const first = statSync(paths.journal).size;
    appendFileSync(paths.journal, 'not json\n');
    journal(paths, 3);
    const second = statSync(paths.journal).size;
    appendFileSync(paths.journal, 'not json either\n');
    journal(paths, 5);
    const all = ['j1:1', `damaged journal@${first}`, 'j1:3', `damaged journal@${second}`, 'j1:5', 'caught-up dead'];
    assert.deepEqual(await readAll(paths), all);
    assert.deepEqual(await readAll(paths, { epoch: 1, seq: 1 }), all.slice(1));
    assert.deepEqual(await readAll(paths, { epoch: 1, seq: 3 }), all.slice(3));
    assert.deepEqual(await readAll(paths, { epoch: 1, seq: 5 }), ['caught-up dead']);
  });

  it('leaves out a torn last line and holes that can no longer be filled', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1);
    journal(paths, 9);
    appendFileSync(paths.transcript, '{"seq":4,"epoch":1,"t":0,"tu');
    assert.deepEqual(await readAll(paths), ['j1:1', 'j1:9', 'caught-up dead']);
  });

  it('passes over a line that is too long to hold, and keeps its place in the order', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1);
    transcript(paths, 2, 1, JSON.stringify('x'.repeat(MAX_LINE_BYTES + 100_000)));
    transcript(paths, 3);
    assert.deepEqual(await readAll(paths), ['j1:1', 't1:2 too long', 't1:3', 'caught-up dead']);
  });

  it('takes numbers of a later epoch as new although they were used before', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1, 1);
    journal(paths, 2, 1);
    journal(paths, 2, 2, hostStarted(false));
    journal(paths, 3, 2);
    assert.deepEqual(await readAll(paths, { epoch: 1, seq: 3 }), ['j2:2', 'j2:3', 'caught-up dead']);
  });
});

describe('a cursor', () => {
  it('continues with no gap and no repeat, wherever the reader stopped', async (t) => {
    const paths = scratchSession(t);
    for (let seq = 1; seq <= 60; seq += 1) (seq % 7 === 0 ? journal : transcript)(paths, seq, seq < 30 ? 1 : 2);
    const whole = (await readAll(paths)).slice(0, -1);
    for (let at = 0; at < whole.length; at += 1) {
      const parsed = parseCursor((whole[at] ?? '').slice(1));
      assert.ok(parsed.epoch !== null);
      assert.deepEqual((await readAll(paths, parsed)).slice(0, -1), whole.slice(at + 1));
    }
  });

  it('is found in a long transcript by looking at little of it', async (t) => {
    const paths = scratchSession(t);
    let lines = '';
    for (let seq = 1; seq <= 20_000; seq += 1) lines += `{"seq":${seq},"epoch":1,"pad":"${'x'.repeat(80)}"}\n`;
    writeFileSync(paths.transcript, lines);
    assert.deepEqual(beginAt(paths, { type: 'last', count: 3 }), { epoch: 1, seq: 19_997 });
    transcript(paths, 20_001);
    assert.deepEqual(await readAll(paths, { epoch: 1, seq: 20_000 }), ['t1:20001', 'caught-up dead']);
  });

  it('can be a bare number, or the last few records of both files', async (t) => {
    const paths = scratchSession(t);
    for (const seq of [1, 2, 5]) journal(paths, seq);
    for (const seq of [3, 4]) transcript(paths, seq);
    journal(paths, 6, 2, hostStarted(false));
    const table: readonly [Beginning, readonly string[]][] = [
      [{ type: 'seq', seq: 4 }, ['j1:5', 'j2:6']],
      [{ type: 'seq', seq: 0 }, ['j1:1', 'j1:2', 't1:3', 't1:4', 'j1:5', 'j2:6']],
      [{ type: 'last', count: 3 }, ['t1:4', 'j1:5', 'j2:6']],
      [{ type: 'last', count: 99 }, ['j1:1', 'j1:2', 't1:3', 't1:4', 'j1:5', 'j2:6']],
      [{ type: 'last', count: 0 }, []],
    ];
    for (const [beginning, expected] of table) {
      assert.deepEqual((await readAll(paths, beginAt(paths, beginning))).slice(0, -1), expected);
    }
  });

  it('finds its place among lines of any length', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(90_000), { minLength: 1, maxLength: 6 }), fc.nat(6), async (lengths, at) => {
        const paths = scratchSession(t);
        lengths.forEach((length, index) => transcript(paths, index + 1, 1, JSON.stringify('x'.repeat(length))));
        const expected = lengths.map((_, index) => `t1:${index + 1}`).slice(at);
        assert.deepEqual((await readAll(paths, { epoch: 1, seq: at })).slice(0, -1), expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe('following a living host', () => {
  it('delivers only what is durable', async (t) => {
    const paths = scratchSession(t);
    const host = new FakeHost();
    await host.start(paths);
    t.after(() => host.stop());
    journal(paths, 1, 1, hostStarted(true));
    host.announce(sizes(paths));
    journal(paths, 2);
    const follower = startFollowing(t, paths);
    assert.deepEqual(await follower.take(2), ['j1:1', 'caught-up alive']);
    const next = follower.next();
    host.announce(sizes(paths));
    assert.equal(await next, 'j1:2');
  });

  it('holds back a record while one with a lower number may still reach the disk', async (t) => {
    const paths = scratchSession(t);
    const host = new FakeHost();
    await host.start(paths);
    t.after(() => host.stop());
    journal(paths, 1, 1, hostStarted(true));
    journal(paths, 3);
    host.announce(sizes(paths));
    const follower = startFollowing(t, paths);
    assert.equal(await follower.next(), 'j1:1');
    const next = follower.take(3);
    transcript(paths, 2);
    transcript(paths, 4);
    host.announce(sizes(paths));
    assert.deepEqual(await next, ['t1:2', 'j1:3', 't1:4']);
    assert.equal(await follower.next(), 'caught-up alive');
  });

  it('goes on through the death of the host and the start of the next one', async (t) => {
    const paths = scratchSession(t);
    const first = new FakeHost();
    await first.start(paths);
    t.after(() => first.stop());
    journal(paths, 1, 1, hostStarted(false));
    transcript(paths, 2);
    first.announce(sizes(paths));
    const follower = startFollowing(t, paths);
    assert.deepEqual(await follower.take(3), ['j1:1', 't1:2', 'caught-up alive']);

    journal(paths, 3);
    appendFileSync(paths.transcript, '{"seq":4,"epoch":1,"t":0');
    await first.stop();
    assert.deepEqual(await follower.take(2), ['j1:3', 'caught-up dead']);

    truncateSync(paths.transcript, readFileSync(paths.transcript, 'utf8').lastIndexOf('\n') + 1);
    journal(paths, 5, 2, hostStarted(true));
    const second = new FakeHost();
    second.announce(sizes(paths));
    await second.start(paths);
    t.after(() => second.stop());
    assert.deepEqual(await follower.take(2), ['j2:5', 'caught-up alive']);
    transcript(paths, 6, 2);
    second.announce(sizes(paths));
    assert.equal(await follower.next(), 't2:6');
  });

  it('ends when it is told to, also while nothing happens', async (t) => {
    const paths = scratchSession(t);
    const host = new FakeHost();
    await host.start(paths);
    t.after(() => host.stop());
    journal(paths, 1, 1, hostStarted(true));
    host.announce(sizes(paths));
    const follower = startFollowing(t, paths);
    await follower.take(2);
    const next = follower.next();
    follower.stop();
    assert.equal(await next, 'end');
  });
});

describe('a host that runs and does not listen', () => {
  it('keeps nobody from what its session has written', async (t) => {
    const paths = scratchSession(t);
    journal(paths, 1, 1, hostStarted(true));
    journal(paths, 2);
    assert.deepEqual(await readAll(paths), ['j1:1', 'j1:2', 'caught-up alive']);
    assert.deepEqual(await startFollowing(t, paths).take(3), ['j1:1', 'j1:2', 'caught-up alive']);
  });
});
