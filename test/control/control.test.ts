import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { callHost, watchHost } from '../../src/control/client.ts';
import { PROTOCOL_VERSION, type ControlRequest, type Replies, type WatchReply } from '../../src/control/protocol.ts';
import { listen, type ControlHandler } from '../../src/control/server.ts';
import { parseRequest } from '../../src/control/parse-request.ts';
import { requestHost } from '../../src/control/request-host.ts';
import { ensureHost, Silence } from '../../src/control/start-host.ts';
import { refused } from '../../src/errors.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-control-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let sockets = 0;
const newSocket = (): string => path.join(directory, `${(sockets += 1)}.sock`);

const handlerFor = (answer: (request: ControlRequest) => Promise<unknown>): ControlHandler => ({
  handle: async <R extends Exclude<ControlRequest, { op: 'watch' }>>(request: R) =>
    (await answer(request)) as Replies[R['op']],
  watch(send) {
    const replies: WatchReply[] = [
      { journalBytes: 1, transcriptBytes: 0 },
      { journalBytes: 2, transcriptBytes: 5 },
    ];
    for (const reply of replies) send(reply);
    return () => {};
  },
});

describe('the control socket', () => {
  it('carries a request and its reply, up to a prompt of a mebibyte', async () => {
    const socket = newSocket();
    const text = 'ü"\n'.repeat(256 * 1024);
    const server = await listen(
      socket,
      handlerFor(async (request) => ({
        outcome: 'queued',
        promptId: 'p',
        state: 'queued',
        ahead: request.op === 'tell' ? request.text.length : 0,
      })),
    );
    const reply = await callHost(socket, { op: 'tell', promptId: 'p-1', key: 'k', text, mode: 'queue' }, 5000);
    assert.equal(reply?.ahead, text.length);
    await server.close();
  });

  it('is reached also where its path is longer than the system takes for one, and leaves nothing open', async (t) => {
    if (process.platform !== 'linux') return t.skip('elsewhere a socket lies in a short directory instead');
    const deep = path.join(directory, 'd'.repeat(150));
    mkdirSync(deep);
    const socket = path.join(deep, 'control.sock');
    const openHere = (): string[] =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === deep;
        } catch {
          return false;
        }
      });
    assert.equal(await callHost(socket, { op: 'hello' }, 5000), null);
    const server = await listen(
      socket,
      handlerFor(async () => ({ pid: 7 })),
    );
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.equal((await callHost(socket, { op: 'hello' }, 5000))?.pid, 7);
    assert.equal(openHere().length, 1, 'only the server keeps its directory open');
    await server.close();
    assert.deepEqual([existsSync(socket), openHere()], [false, []]);
    assert.equal(await callHost(path.join(directory, 'gone'.repeat(40), 'x'), { op: 'hello' }, 5000), null);
  });

  it('is reachable by its owner only and gone after close', async () => {
    const socket = newSocket();
    const server = await listen(
      socket,
      handlerFor(async () => ({})),
    );
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    await server.close();
    assert.equal(existsSync(socket), false);
  });

  it('hands on the error of the host with code, exit code and remedy', async () => {
    const socket = newSocket();
    const server = await listen(
      socket,
      handlerFor(async () => {
        throw refused('session-stopped', 'It was stopped.', { remedy: 'retry' });
      }),
    );
    await assert.rejects(callHost(socket, { op: 'stop' }, 5000), {
      code: 'session-stopped',
      exitCode: 6,
      message: 'It was stopped.',
      remedy: 'retry',
    });
    await server.close();
  });

  it('says null when there is no host, also behind the file of a dead one', async () => {
    assert.equal(await callHost(newSocket(), { op: 'hello' }, 1000), null);
    const stale = newSocket();
    const server = await listen(
      stale,
      handlerFor(async () => ({})),
    );
    writeFileSync(`${stale}.copy`, '');
    await server.close();
    assert.equal(await callHost(stale, { op: 'hello' }, 1000), null);
  });

  it('does not wait for ever for a host that says nothing', async () => {
    const socket = newSocket();
    const server = await listen(
      socket,
      handlerFor(() => new Promise(() => {})),
    );
    await assert.rejects(callHost(socket, { op: 'hello' }, 50), { code: 'host-silent', exitCode: 75 });
    await server.close();
  });

  it('answers garbage with an error and lives on', async () => {
    const socket = newSocket();
    const server = await listen(
      socket,
      handlerFor(async () => ({ fine: true })),
    );
    for (const garbage of ['not json\n', '{}\n', '{"op":"tell"}\n', '[]\n']) {
      const reply = await new Promise<string>((resolve) => {
        const client = connect(socket, () => client.write(garbage));
        client.once('data', (data) => resolve(data.toString()));
      });
      assert.match(reply, /"ok":false.*bad-request/);
    }
    assert.deepEqual(await callHost(socket, { op: 'hello' }, 1000), { fine: true });
    await server.close();
  });

  it('drops a watcher that reads nothing before a few megabytes wait for it, and tells the others on', async (t) => {
    const socket = newSocket();
    const sends: ((reply: WatchReply) => void)[] = [];
    let gone = 0;
    const watched: ControlHandler = {
      ...handlerFor(async () => ({})),
      watch: (send) => {
        sends.push(send);
        return () => void (gone += 1);
      },
    };
    const server = await listen(socket, watched);
    t.after(() => server.close());
    const silent = connect(socket);
    silent.on('error', () => {});
    silent.pause();
    silent.write(`${JSON.stringify({ v: PROTOCOL_VERSION, op: 'watch' })}\n`);
    const stop = new AbortController();
    t.after(() => stop.abort());
    const replies = (await watchHost(socket, stop.signal))?.[Symbol.asyncIterator]();
    while (sends.length < 2) await nextTurn();
    const before = process.memoryUsage.rss();
    // More than the kernel and the bound hold together; each was some 70 bytes.
    for (let sent = 0; sent < 400_000 && gone === 0; sent += 1) {
      sends[0]?.({ journalBytes: sent, transcriptBytes: 0 });
      if (sent % 1000 === 0) await nextTurn();
    }
    assert.equal(gone, 1, 'it is held for ever');
    assert.ok(process.memoryUsage.rss() - before < 64 * 1024 * 1024);
    sends[1]?.({ journalBytes: 7, transcriptBytes: 0 });
    assert.deepEqual((await replies?.next())?.value, { journalBytes: 7, transcriptBytes: 0 });
    silent.destroy();
  });

  it('tells watchers how much is durable until they go', async () => {
    const socket = newSocket();
    const server = await listen(
      socket,
      handlerFor(async () => ({})),
    );
    const stop = new AbortController();
    const replies = await watchHost(socket, stop.signal);
    const seen: number[] = [];
    for await (const reply of replies ?? []) {
      seen.push(reply.journalBytes);
      if (seen.length === 2) stop.abort();
    }
    assert.deepEqual(seen, [1, 2]);
    await server.close();
  });
});

describe('starting a host', () => {
  it('says which log it cannot open, and follows no link', async () => {
    const home = path.join(directory, 'home');
    mkdirSync(home);
    const hostLog = path.join(home, 'host.log');
    symlinkSync(path.join(directory, 'elsewhere'), hostLog);
    const address = { home, sessionId: 's', socket: newSocket(), hostLog, journal: path.join(home, 'journal') };
    await assert.rejects(ensureHost(address, {}), { code: 'host-log-unwritable', exitCode: 74, message: /ELOOP/ });
    assert.equal(existsSync(path.join(directory, 'elsewhere')), false);
    const tell = { op: 'tell', promptId: 'p-1', key: 'k', text: 'x', mode: 'queue' } as const;
    await assert.rejects(requestHost(address, {}, tell, 1000), {
      code: 'host-log-unwritable',
      remedy: /^What you said was not taken; .* Make .*host\.log a plain file/,
    });
  });
});

describe('a request', () => {
  const bad: readonly [string, string][] = [
    ['an unknown operation', '{"op":"format"}'],
    ['an unknown mode', '{"op":"tell","promptId":"p","key":"k","text":"x","mode":"shout"}'],
    ['an empty text', '{"op":"tell","promptId":"p","key":"k","text":"","mode":"queue"}'],
    ['an id with a path in it', '{"op":"tell","promptId":"../x y","key":"k","text":"x","mode":"queue"}'],
    ['an unknown scope', '{"op":"cancel","scope":"all"}'],
    ['a number', '5'],
  ];
  for (const [what, line] of bad) {
    it(`with ${what} is refused`, () => assert.throws(() => parseRequest(line), { code: 'bad-request', exitCode: 2 }));
  }
});

describe('a caller that gets no turn of the processor', () => {
  it('reads the answer that has come before it calls the host silent', async (t) => {
    const socket = newSocket();
    const answer = JSON.stringify({ v: 1, ok: true, reply: { pid: 7 } });
    const script = `
      const { createServer } = require('node:net');
      const server = createServer((socket) => {
        socket.once('data', () => {
          socket.end(${JSON.stringify(answer)} + '\\n');
          process.stdout.write('answered');
        });
      });
      server.listen(${JSON.stringify(socket)}, () => process.stdout.write('listening'));
    `;
    const host = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => host.kill('SIGKILL'));
    await once(host.stdout, 'data');
    const answered = once(host.stdout, 'data');
    const call = callHost(socket, { op: 'hello' }, 400);
    await answered;
    // Whatever else runs on this machine: this process does not, until long after its patience is over.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    assert.equal((await call)?.pid, 7);
  });
});

describe('the silence of a host', () => {
  it('is too long after three greetings in which nothing was written', () => {
    const cases: readonly [readonly number[], readonly boolean[]][] = [
      [
        [5, 5, 5, 5],
        [false, false, true, true],
      ],
      [
        [5, 5, 9, 9, 9],
        [false, false, false, false, true],
      ],
      [
        [1, 2, 3, 4, 5],
        [false, false, false, false, false],
      ],
    ];
    for (const [sizes, expected] of cases) {
      const silence = new Silence();
      assert.deepEqual(
        sizes.map((bytes) => silence.isTooLong(bytes)),
        expected,
      );
    }
  });
});
