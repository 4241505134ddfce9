import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { TerminalRig } from './terminal-scratch.ts';

const isLinux = process.platform === 'linux';

/** Listens, ignores TERM, says its port; carries `marker`. */
async function listener(t: TestContext, marker: string): Promise<{ child: ChildProcess; port: number }> {
  const script = `process.on('SIGTERM', () => {}); require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
  const child = spawn(process.execPath, ['-e', script], {
    env: { PATH: process.env['PATH'], CONDUXT_SESSION: marker },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  t.after(() => void child.kill('SIGKILL'));
  const [bytes] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(bytes.toString()) };
}

const names = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name).toSorted();

describe('conduxt reclaim', () => {
  it('ends what is over, and keeps what works, is ours to keep, or is somebody else’s', async (t) => {
    if (!(await hasTmux(t)) || !isLinux) return;
    const rig = new TerminalRig(t);
    const over = rig.desk.session('over', [{ type: 'session-stopped' } as never]);
    const alive = rig.desk.session('alive', []);
    const orphan = await listener(t, over.record.id);
    const busy = await listener(t, alive.record.id);
    const stranger = await listener(t, 's-01jd0000000000000000000000');

    await rig.json('exec', '--outlive', '--name', 'over', '--check', 'x', '--', 'true');
    await rig.json('terminal', 'create', 'shell');
    await rig.json('terminal', 'check', 'shell', '--idle');
    await until(
      async () => /[$#]$/.test(((await rig.json('terminal', 'capture', 'shell'))['lines'] as string[]).at(-1) ?? ''),
      'a prompt',
    );
    await rig.json('exec', '--outlive', '--name', 'server', '--', 'sleep', '300');
    rig.env['CONDUXT_SESSION'] = over.record.id;
    await rig.json('exec', '--outlive', '--name', 'left', '--', 'sleep', '300');
    delete rig.env['CONDUXT_SESSION'];
    const logFile = path.join(rig.desk.root, 'infra.log');
    await rig.server.newPane({ sessionName: 'infra', width: 80, height: 24, argv: ['sleep', '300'], logFile });

    const dry = await rig.json('reclaim', '--dry-run', '--port', String(orphan.port));
    assert.deepEqual(
      [dry['sessionsKilled'], dry['portHolders']],
      [[], [{ port: orphan.port, pid: orphan.child.pid, command: 'node' }]],
    );
    assert.equal((await rig.server.panes()).length, 5);

    const done = await rig.json('reclaim');
    assert.equal(done.code, 0);
    assert.deepEqual((done['sessionsKilled'] as string[]).toSorted(), [
      'oc-demo-left',
      'oc-demo-over',
      'oc-demo-shell',
    ]);
    assert.deepEqual(names(done['kept']), ['infra', 'oc-demo-server']);
    const killed = (done['processesKilled'] as { pid: number; command: string }[]).map(({ pid }) => pid);
    assert.ok(killed.includes(orphan.child.pid ?? 0), 'one that ignores TERM is killed');
    assert.deepEqual(done['portsFreed'], [{ port: orphan.port, pid: orphan.child.pid, command: 'node' }]);
    for (const { child } of [busy, stranger]) assert.notEqual(startTimeOf(child.pid ?? 0), null);

    const running = await rig.json('reclaim', '--running');
    assert.deepEqual(running['sessionsKilled'], ['oc-demo-server']);
    assert.deepEqual(
      (await rig.server.panes()).map(({ sessionName }) => sessionName),
      ['infra'],
    );
    const again = await rig.json('reclaim');
    assert.partialDeepStrictEqual(again, {
      code: 0,
      sessionsKilled: [],
      processesKilled: [],
      portsFreed: [],
      left: [],
    });
  });

  it('proposes sessions of others that are stale, and ends them only when somebody says so', async (t) => {
    if (!(await hasTmux(t)) || !isLinux) return;
    const [rig, theirs] = [new TerminalRig(t), new TerminalRig(t)];
    const logFile = path.join(theirs.desk.root, 'log');
    const shell = ['bash', '--norc', '-i'] as const;
    const size = { width: 80, height: 24, logFile };
    const forgotten = await theirs.server.newPane({ sessionName: 'forgotten', argv: [...shell], ...size });
    await theirs.server.newPane({ sessionName: 'working', argv: ['sleep', '300'], ...size });
    await until(
      async () => /[$#]$/.test(((await theirs.server.capture(forgotten.paneId)) ?? '').trimEnd()),
      'a prompt',
    );
    const reclaim = (...more: string[]): ReturnType<typeof rig.json> =>
      rig.json('reclaim', '--scope', 'all-stale', '--socket', theirs.server.socketName, ...more);

    rig.nowMs = Date.now() + 5 * 3_600_000;
    assert.partialDeepStrictEqual(await reclaim(), { code: 0, proposed: [] });
    rig.nowMs = Date.now() + 7 * 3_600_000;
    const proposed = await reclaim();
    assert.deepEqual([proposed.code, names(proposed['proposed'])], [3, ['forgotten']]);
    assert.deepEqual([proposed['sessionsKilled'], (await theirs.server.panes()).length], [[], 2]);
    const done = await reclaim('--yes');
    assert.deepEqual([done.code, done['sessionsKilled']], [0, ['forgotten']]);
    assert.deepEqual(
      (await theirs.server.panes()).map(({ sessionName }) => sessionName),
      ['working'],
    );
    assert.equal((await rig.json('reclaim', '--yes')).code, 2);
  });
});
