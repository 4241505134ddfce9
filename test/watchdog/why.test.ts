import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Desk } from '../cli/scratch.ts';
import { handed, queued, sessionRecord } from '../session/samples.ts';
import { noMemory, writeMemory } from '../../src/watchdog/memory.ts';

const dead = { pid: 999_999, startTime: '1', bootId: 'another-boot' };

interface Looked {
  readonly sessions: readonly { readonly session: string; readonly rule: string | null; readonly did: string }[];
}

describe('conduxt why', () => {
  it('shows every sensor, the rule, and that a host is started at the next look', async (t) => {
    const desk = new Desk(t);
    const started = { type: 'host-started', process: dead, version: '0' } as const;
    desk.session('lost', [started, queued('p-1'), handed('p-1')]);
    const { code, out } = await desk.run(['why', 'lost']);
    assert.equal(code, 0);
    for (const words of [/lost {2}crashed/, /host +it ended with the machine/, /turn +is open/, /rule +rebooted/]) {
      assert.match(out, words);
    }
    assert.match(out, /next +a new host is started/);
    assert.match(out, /watchdog +has not looked yet/);
    assert.match(out, /host .* ago\)\n +agent +none runs \(0 ms ago\)/);
  });

  it('shows since when each question has been waiting', async (t) => {
    const desk = new Desk(t);
    const decision = {
      id: 'd-1',
      kind: 'gate',
      question: 'Which branch?',
      facts: {},
      choices: ['a', 'b'],
      deadline: null,
      fallback: null,
    } as const;
    desk.session('asks', [
      { type: 'host-started', process: dead, version: '0' },
      { type: 'decision-opened', decision },
    ]);
    assert.match((await desk.run(['why', 'asks'])).out, /decisions +Which branch\? \(.+ ago\)/);
  });

  it('shows when the next try is, and what the last one came to', async (t) => {
    const desk = new Desk(t);
    const started = { type: 'host-started', process: dead, version: '0' } as const;
    const { paths } = desk.session('lost', [started, queued('p-1')]);
    const nowMs = desk.io().now();
    const tries = [{ atMs: nowMs - 1000, why: 'its host died', problem: 'no such program' }];
    writeMemory(paths, {
      ...noMemory,
      tries,
      tried: 1,
      nextTryAtMs: nowMs + 60_000,
      countedAtMs: nowMs,
      rule: 'host-dead',
    });
    const why = JSON.parse((await desk.run(['why', 'lost', '--json'])).out) as Record<string, unknown>;
    assert.equal(why['nextAt'], new Date(nowMs + 60_000).toISOString());
    assert.equal(why['rule'], 'rebooted');
    assert.deepEqual(why['tries'], [
      { at: new Date(nowMs - 1000).toISOString(), why: 'its host died', problem: 'no such program' },
    ]);
  });

  it('names the halt of an agent that refuses everybody, whom it refused, and what ends it, also when those are over', async (t) => {
    const desk = new Desk(t);
    const started = { type: 'host-started', process: dead, version: '0' } as const;
    const agent = { ...sessionRecord().agent, name: 'claude' };
    const refusal = { type: 'task-ended', end: 'failed', reason: 'not logged in', code: 'login-required' } as const;
    const over = [
      started,
      refusal,
      { type: 'notified', about: 'end', problems: [] },
      { type: 'host-stopped', reason: 'idle' },
    ] as const;
    for (const name of ['one', 'two', 'three']) desk.session(name, over, { agent });
    desk.session('lost', [started, queued('p-1'), handed('p-1')], { agent });
    // What the first look found to be over is not read again by the second.
    for (const look of [1, 2, 3]) {
      const { sessions } = JSON.parse((await desk.run(['watchdog', '--once', '--json'])).out) as Looked;
      const lost = sessions.find(({ session }) => session === 'lost');
      assert.deepEqual([look, lost?.rule, lost?.did], [look, 'login-halt', 'nothing']);
    }
    const { out } = await desk.run(['why', 'lost']);
    assert.match(out, /login +claude refused one, three, two for want of a login/);
    assert.match(out, /rule +login-halt: .*claude refuses everybody until somebody logs in/);
    assert.match(
      out,
      /next +nothing, until a session of claude works again. Run claude and log in.*conduxt watchdog lost/,
    );
  });
});
