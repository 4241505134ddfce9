import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../../src/errors.ts';
import { markedPids } from '../../../src/process/marker.ts';
import { readStarted } from '../../../src/tmux/run-directory.ts';
import { hasTmux, until } from '../../tmux/scratch.ts';
import { Rig } from './rig.ts';

const code = (wanted: string) => (error: unknown) => error instanceof ConduxtError && error.code === wanted;
const hang = { prompts: [{ steps: [{ type: 'write-file', path: '{{dir}}/working' }, { type: 'hang' }] }] } as const;

describe('an agent in a terminal', { concurrency: 3 }, () => {
  it('that ends in the middle of a turn leaves it unknown, and nothing behind', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'exit', signal: 'SIGKILL' }] }] });
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: 'Do it.' });
    assert.partialDeepStrictEqual(end, { verdict: 'unknown', failure: 'agent-exited' });
    assert.match(end.detail ?? '', /SIGKILL/);
    assert.equal((await session.exited).signal, 'SIGKILL');
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
    assert.deepEqual(await rig.server.panes(), []);
  });

  it('whose supervisor was killed too is found dead all the same', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, hang);
    const session = await rig.open();
    const turn = session.prompt({ turnId: 't-1', text: 'Do it.' });
    await rig.untilFile('working');
    const started = readStarted(rig.run);
    assert.ok(started?.agentPid);
    process.kill(started.supervisor.pid, 'SIGKILL');
    process.kill(started.agentPid, 'SIGKILL');
    assert.equal((await turn).verdict, 'unknown');
    assert.deepEqual((await session.exited).left, []);
  });

  it('stops at Escape when its turn is cancelled, and takes the next prompt', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {
      prompts: [...hang.prompts, { steps: [{ type: 'callback', via: 'file', status: 'completed' }] }],
    });
    const session = await rig.open();
    const turn = session.prompt({ turnId: 't-1', text: 'Do it.' });
    await rig.untilFile('working');
    await session.cancel();
    assert.partialDeepStrictEqual(await turn, { verdict: 'cancelled' });
    assert.equal(rig.log('escape').length, 1);
    assert.equal(rig.log('ctrl-c').length, 0);
    assert.equal((await session.prompt({ turnId: 't-2', text: 'And now?' })).verdict, 'done');
  });

  it('gets Ctrl-C and no Escape when its turn is cancelled by force, also when Escape was pressed in vain', async (t) => {
    if (!(await hasTmux(t))) return;
    for (const asked of [false, true]) {
      const rig = new Rig(t, { ...hang, escape: 'ignore' });
      const session = await rig.open({ cancelTimeoutMs: 20_000 });
      const turn = session.prompt({ turnId: 't-1', text: 'Do it.' });
      await rig.untilFile('working');
      if (asked) {
        void session.cancel();
        await until(() => rig.log('escape').length === 1, 'Escape was pressed');
      }
      const before = performance.now();
      await session.cancel(true);
      assert.partialDeepStrictEqual(await turn, { verdict: 'cancelled' });
      assert.ok(performance.now() - before < 5_000, 'the time of the gentle keys is not waited for');
      assert.deepEqual([rig.log('escape').length, rig.log('ctrl-c').length], [asked ? 1 : 0, 1]);
    }
  });

  it('that ignores every key is ended when its turn is cancelled', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { ...hang, escape: 'ignore', ctrlC: 'ignore' });
    const session = await rig.open({ cancelTimeoutMs: 1_500 });
    const turn = session.prompt({ turnId: 't-1', text: 'Do it.' });
    await rig.untilFile('working');
    await session.cancel();
    assert.partialDeepStrictEqual(await turn, { verdict: 'cancelled', failure: 'cancel-timeout' });
    await session.exited;
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
  });

  it('that leaves a shell prompt has exited, and is never done, whatever it said before', async (t) => {
    if (!(await hasTmux(t))) return;
    const callback = { type: 'callback', via: 'file', status: 'completed' } as const;
    const rig = new Rig(t, { prompts: [{ steps: [callback, { type: 'exit', code: 0 }] }] });
    const { command, args, env } = rig.spec;
    // A wrapper that leaves a shell whose prompt looks like an agent's box.
    const line = '"$@"; exec bash --norc --noprofile -i';
    const session = await rig.open({
      command: 'bash',
      args: ['-c', line, 'bash', command, ...args],
      env: { ...env, PS1: '❯ ' },
    });
    const end = await session.prompt({ turnId: 't-1', text: 'Do it.' });
    assert.partialDeepStrictEqual(end, { verdict: 'unknown', failure: 'agent-exited' });
    assert.match(end.detail ?? '', /back at a shell prompt/);
    assert.deepEqual((await session.exited).left, []);
  });

  it('that does not start says why', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { failStarts: 1 });
    await assert.rejects(rig.open(), code('agent-not-started'));
    await assert.rejects(rig.open({ cwd: '/nowhere' }), code('agent-not-started'));
    assert.deepEqual(await rig.server.panes(), []);
  });

  it('that never shows its prompt is ended after the time limit', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { startDelayMs: 30_000 });
    await assert.rejects(rig.open({ startTimeoutMs: 600 }), code('agent-start-timeout'));
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
  });

  it('that asks for trust is left alone, and goes on when a person has answered', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { dialog: { text: 'Do you trust the files in this folder?', key: '1' } });
    await assert.rejects(rig.open(), (error) => {
      assert.ok(error instanceof ConduxtError && error.code === 'agent-dialog');
      assert.match(error.message, /Do you trust the files in this folder\?/);
      return true;
    });
    assert.deepEqual(rig.log('dialog-key'), []);
    const [pane] = await rig.server.panes();
    assert.ok(pane);
    await rig.server.press(pane.paneId, ['1']);
    const session = await rig.open();
    assert.equal(rig.log('start').length, 1);
    await session.close();
  });
});

describe('a conversation in a terminal', () => {
  it('is lost when its pane is gone and the agent cannot resume', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {});
    const session = await rig.open();
    const { nativeId } = session;
    assert.match(nativeId ?? '', /^pane:pane-/);
    await session.close();
    await assert.rejects(rig.open({ resume: nativeId }), code('agent-session-lost'));
  });

  it('begins under an id of ours and is resumed by it, where the agent can', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {}, { newIdArgs: ['--session-id', '{id}'], resumeArgs: ['--resume', '{id}'] });
    const first = await rig.open();
    await first.close();
    const second = await rig.open({ resume: first.nativeId });
    assert.equal(second.nativeId, first.nativeId);
    assert.equal(second.continuity, 'resumed');
    const args = rig.log('start').map(({ args }) => (args as string[]).slice(-2));
    assert.deepEqual(args, [
      ['--session-id', first.nativeId],
      ['--resume', first.nativeId],
    ]);
  });
});

describe('an agent whose host is gone', () => {
  it('goes on, is adopted by the next one, and its turn ends there', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {
      prompts: [
        {
          steps: [
            { type: 'write-file', path: '{{dir}}/working' },
            { type: 'wait-for-file', path: '{{dir}}/go-on' },
            { type: 'callback', via: 'file', status: 'completed' },
          ],
        },
      ],
    });
    const first = await rig.open();
    const turn = first.prompt({ turnId: 't-1', text: 'Do it.' });
    await rig.untilFile('working');
    await until(() => rig.seen.order.includes('accepted t-1'), 'the turn was accepted');
    await first.release?.();
    assert.equal((await turn).released, true);
    rig.touch('go-on');
    await rig.untilLogged('turn-over');
    const next = await rig.adopt();
    assert.equal(next?.nativeId, first.nativeId);
    assert.equal(next.follow?.('t-another'), null);
    const end = await next.follow?.('t-1');
    assert.partialDeepStrictEqual(end, { verdict: 'done' });
    assert.equal(rig.log('prompt').length, 1);
    assert.equal(rig.log('paste').length, 1);
    await next.close();
    assert.equal(await rig.adopt(), null);
  });
});
