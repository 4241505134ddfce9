import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAlive } from '../../../src/process/identity.ts';
import { markedPids } from '../../../src/process/marker.ts';
import type { Step } from '../../../src/rehearsal/fault-agent/script.ts';
import { each, rig, until } from './rig.ts';

const ok: Step = { type: 'text', text: 'ok' };

test('an agent that dies at any point of a turn leaves it unknown, at once, with exit code and last words', async (t) => {
  const deaths: readonly [string, readonly Step[], RegExp][] = [
    ['before any update', [{ type: 'exit', code: 7 }], /code 7/],
    ['by a signal', [ok, { type: 'exit', signal: 'SIGKILL' }], /SIGKILL/],
    [
      'in the middle of a line',
      [ok, { type: 'raw', text: '{"jsonrpc":"2.0","method":"sess', newline: false }, { type: 'exit', code: 1 }],
      /code 1/,
    ],
    [
      'with last words',
      [
        { type: 'stderr', text: 'out of memory\n' },
        { type: 'exit', code: 9 },
      ],
      /code 9.*out of memory/,
    ],
    ['output closed, process alive', [ok, { type: 'close-stdout' }, { type: 'hang' }], /closed its output/],
  ];
  await each(deaths, async ([name, steps, detail]) => {
    const agent = await rig(t, { prompts: [{ steps }] });
    const session = await agent.open({ closePatienceMs: 50 });
    let diedAt = 0;
    void session.exited.then(() => (diedAt ||= performance.now()));
    const end = await session.prompt({ turnId: 'a', text: 'go' });
    const settledAt = performance.now();
    assert.deepEqual([end.verdict, end.failure], ['unknown', 'agent-exited'], name);
    assert.match(end.detail ?? '', detail, name);
    await session.exited;
    assert.ok(settledAt - diedAt < 1000 || settledAt < diedAt, name);
    assert.equal(isAlive(session.process), false, name);
    // It never left: there is nothing unknown about it.
    const next = await session.prompt({ turnId: 'b', text: 'go' });
    assert.deepEqual([next.verdict, next.failure], ['failed', 'agent-exited'], name);
    assert.equal(agent.log('prompt').length, 1, name);
  });
});

test('a dead agent whose output is held open by what it started is noticed all the same', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [ok, { type: 'hold-stdout', pidFile: '{{dir}}/pid' }, { type: 'exit', signal: 'SIGKILL' }],
      },
    ],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  process.kill(Number(readFileSync(agent.file('pid'), 'utf8')), 'SIGKILL');
  assert.deepEqual([end.verdict, end.failure, end.messages], ['unknown', 'agent-exited', ['ok']]);
  assert.equal((await session.exited).signal, 'SIGKILL');
});

test('closing ends the agent and everything it started, however it resists', async (t) => {
  const spawns: readonly Step[] = [
    { type: 'spawn', pidFile: '{{dir}}/group', ignoreTerm: true },
    { type: 'spawn', pidFile: '{{dir}}/setsid', ignoreTerm: true, setsid: true },
  ];
  const agent = await rig(t, { onEof: 'ignore', onTerm: 'ignore', prompts: [{ steps: [...spawns, ok] }] });
  const session = await agent.open({ closePatienceMs: 50, termPatienceMs: 50 });
  await session.prompt({ turnId: 'a', text: 'go' });
  const [first, second] = await Promise.all([session.close(), session.close()]);
  assert.deepEqual(first, second);
  assert.deepEqual([first.signal, first.left], ['SIGKILL', []]);
  assert.deepEqual(await session.exited, first);
  assert.deepEqual(markedPids(agent.spec.sessionId), []);
  assert.deepEqual(agent.log('eof').length, 1);
});

test('an agent that needs a moment after its input is closed gets it', async (t) => {
  const agent = await rig(t, { eofDelayMs: 300 });
  const session = await agent.open({ closePatienceMs: 10_000 });
  const exit = await session.close();
  assert.deepEqual([exit.exitCode, exit.signal, exit.left], [0, null, []]);
  assert.deepEqual(agent.log('term'), []);
});

test('what an agent leaves behind when it dies by itself is ended', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'spawn', pidFile: '{{dir}}/pid', ignoreTerm: true, setsid: true },
          { type: 'exit', code: 1 },
        ],
      },
    ],
  });
  const session = await agent.open();
  await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual((await session.exited).left, []);
  assert.deepEqual(markedPids(agent.spec.sessionId), []);
});

test('the environment of the agent is exactly the one given, and the marker', async (t) => {
  process.env['CLAUDECODE'] = '1';
  t.after(() => delete process.env['CLAUDECODE']);
  const agent = await rig(t, {});
  const env = { PATH: '/usr/bin:/bin', API_KEY: 'x', CONDUXT_SESSION: 'of the parent' };
  await agent.open({ env });
  assert.deepEqual(agent.log('start')[0]?.['env'], { ...env, CONDUXT_SESSION: agent.spec.sessionId });
  assert.equal(agent.log('start')[0]?.['cwd'], agent.dir);
});

test('stderr is passed on and its end kept, bounded', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [{ type: 'stderr', text: 'first words\n' + 'ü'.repeat(100_000) + 'last words\n' }, ok] }],
  });
  const session = await agent.open();
  await session.prompt({ turnId: 'a', text: 'go' });
  const { stderrTail } = await session.close();
  assert.ok(Buffer.byteLength(stderrTail) <= 8192);
  assert.ok(stderrTail.startsWith('ü') && stderrTail.endsWith('last words\n'));
  const passed = agent.seen.noticesOf('stderr').map(({ text }) => text);
  assert.match(passed[0] ?? '', /^first words/);
  assert.ok(passed.join('').length < 200_000);
});

test('a turn that runs when the session is closed is unknown', async (t) => {
  const agent = await rig(t, { prompts: [{ steps: [ok, { type: 'hang' }] }] });
  const session = await agent.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a ok'));
  await session.close();
  assert.equal((await end).verdict, 'unknown');
});
