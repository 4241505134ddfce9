import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { sizeOf } from '../../src/tmux/run-directory.ts';
import { socketNameFor } from '../../src/tmux/server.ts';
import { hasTmux, TmuxScratch, until } from './scratch.ts';

/** Writes what it reads, raw, into a file; says when it listens. */
const READER = `
  const fs = require('node:fs');
  process.stdin.setRawMode(true);
  process.stdout.write('\\x1b[?2004hlistening');
  process.stdin.on('data', (bytes) => fs.appendFileSync('read.bin', bytes));
`;

describe('a private tmux server', () => {
  it('takes no setting from the configuration of its user', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    writeFileSync(path.join(scratch.root, '.tmux.conf'), 'set -g destroy-unattached on\nset -g history-limit 10\n');
    const [pane] = await scratch.supervised({ command: 'sleep', args: ['60'] });
    const shown = await scratch.server.call([['show-options', '-gv', 'history-limit']]);
    assert.equal(shown.stdout.trim(), '50000');
    assert.ok((await scratch.server.panes()).some(({ paneId }) => paneId === pane.paneId));
  });

  it('is another one for every state directory', () => {
    assert.notEqual(socketNameFor('/a'), socketNameFor('/b'));
    assert.equal(socketNameFor('/a/'), socketNameFor('/a'));
    assert.match(socketNameFor('/a'), /^conduxt-[0-9a-f]{12}$/);
  });

  it('refuses a name that is taken, and says so with a code', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [first] = await scratch.supervised({ command: 'sleep', args: ['60'] });
    const again = scratch.server.newPane({
      sessionName: first.sessionName,
      width: 80,
      height: 24,
      argv: ['sleep', '60'],
      logFile: path.join(scratch.root, 'log'),
    });
    await assert.rejects(again, (error) => error instanceof ConduxtError && error.code === 'tmux-name-taken');
  });

  it('works from inside another tmux', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t, { TMUX: '/tmp/nowhere,1,0', TMUX_PANE: '%0' });
    const [pane] = await scratch.supervised({ command: 'sleep', args: ['60'] });
    assert.equal((await scratch.server.pane(pane.paneId))?.dead, false);
  });

  it('ends with its last session, and not before', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server } = new TmuxScratch(t);
    const argv: [string, string] = ['sleep', '300'];
    const pane = { width: 80, height: 24, argv, logFile: '/dev/null' };
    const first = await server.newPane({ ...pane, sessionName: 'oc-one' });
    const second = await server.newPane({ ...pane, sessionName: 'oc-two' });
    const pid = Number((await server.call([['display-message', '-p', '#{pid}']])).stdout.trim());
    await server.endSession(first.sessionId);
    assert.equal((await server.panes()).length, 1);
    assert.notEqual(startTimeOf(pid), null);
    await server.endSession(second.sessionId);
    await until(() => startTimeOf(pid) === null, 'the server is gone');
    await server.newPane({ ...pane, sessionName: 'oc-three' });
    assert.equal((await server.panes()).length, 1);
  });

  it('is started by what needs it: at first, and again after it was ended or killed', async (t) => {
    if (!(await hasTmux(t))) return;
    const { server } = new TmuxScratch(t);
    const argv: [string, string] = ['sleep', '300'];
    const pane = { width: 80, height: 24, argv, logFile: '/dev/null' };
    assert.deepEqual(await server.panes(), []);
    await server.newPane({ ...pane, sessionName: 'oc-one' });
    await server.call([['kill-server']]);
    assert.deepEqual(await server.panes(), []);
    await server.newPane({ ...pane, sessionName: 'oc-two' });
    const { stdout } = await server.call([['display-message', '-p', '#{pid}']]);
    const pid = Number(stdout.trim());
    process.kill(pid, 'SIGKILL');
    await until(() => startTimeOf(pid) === null, 'the server is gone');
    await server.newPane({ ...pane, sessionName: 'oc-three' });
    assert.deepEqual(
      (await server.panes()).map(({ sessionName }) => sessionName),
      ['oc-three'],
    );
  });

  it('keeps the size of a pane and everything it printed, from its first byte', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [pane, run] = await scratch.supervised({ command: 'sh', args: ['-c', 'printf first; stty size; sleep 60'] });
    await until(() => readFileSync(run.log, 'utf8').includes('30 100'), 'the pane printed its size', {
      directory: run.dir,
    });
    assert.ok(readFileSync(run.log, 'utf8').startsWith('first'));
    assert.match((await scratch.server.look(pane.paneId))?.screen ?? '', /^first30 100/);
  });

  it('starts one server for twelve panes that come at once', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const logFile = path.join(scratch.root, 'log');
    const start = (n: number): Promise<unknown> =>
      scratch.server.newPane({ sessionName: `oc-${n}`, width: 80, height: 24, argv: ['sleep', '60'], logFile });
    await Promise.all(Array.from({ length: 12 }, (_, n) => start(n)));
    assert.equal((await scratch.server.panes()).length, 12);
  });

  it('pastes a megabyte byte for byte', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [pane, run] = await scratch.supervised({ command: process.execPath, args: ['-e', READER] });
    await until(() => readFileSync(run.log, 'utf8').includes('listening'), 'the reader listens', {
      directory: run.dir,
    });
    const text = '“quotes” $HOME `ticks` #{x} %H ; \\ 日本語 🙂\tx\n'.repeat(20_000);
    assert.ok(Buffer.byteLength(text) > 1_000_000);
    await scratch.server.paste(pane.paneId, text);
    const file = path.join(scratch.root, 'read.bin');
    const frame = Buffer.byteLength('\x1b[200~\x1b[201~');
    await until(() => sizeOf(file) >= Buffer.byteLength(text) + frame, 'all of it was read', {
      directory: scratch.root,
    });
    const read = readFileSync(file);
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    assert.equal(hash(read.subarray(6, -6)), hash(Buffer.from(text)));
    assert.equal((await scratch.server.call([['list-buffers']])).stdout, '');
  });
});
