import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markedPids } from '../../../src/process/marker.ts';
import type { CancelScript, Step } from '../../../src/rehearsal/fault-agent/script.ts';
import { methodsIn, rig, until } from './rig.ts';

const working: readonly Step[] = [{ type: 'text', text: 'working' }, { type: 'hang' }];
const options = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
];
const ask: Step = { type: 'permission', options, wait: false };

test('the verdict is cancelled whatever the agent answers, and updates up to then are kept', async (t) => {
  const answers: readonly NonNullable<CancelScript['answer']>[] = ['cancelled', 'end_turn', 'error'];
  for (const answer of answers) {
    const agent = await rig(t, {
      prompts: [
        { steps: working, onCancel: { answer, steps: [{ type: 'text', text: ' and stopping' }] } },
        { steps: [{ type: 'text', text: 'next' }] },
      ],
    });
    const session = await agent.open();
    const end = session.prompt({ turnId: 'a', text: 'go' });
    await until('the turn runs', () => agent.seen.order.includes('a working'));
    await session.cancel();
    const { verdict, messages, stopReason } = await end;
    assert.deepEqual([verdict, messages], ['cancelled', ['working and stopping']], answer);
    assert.equal(stopReason, answer === 'error' ? null : answer);
    // The session lives on.
    assert.equal((await session.prompt({ turnId: 'b', text: 'go' })).verdict, 'done', answer);
    await session.close();
  }
});

test('every pending permission is answered cancelled before the cancel, once, and a later answer is dropped', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [ask, ask, ask, { type: 'hang' }], onCancel: { waitForPermissions: true } }],
  });
  const session = await agent.open();
  const answers: ((answer: { type: 'allow'; always: boolean }) => void)[] = [];
  agent.seen.onPermission = () => new Promise((resolve) => answers.push(resolve));
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('three permissions', () => answers.length === 3);
  const signals = agent.seen.permissions.map(({ signal }) => signal);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false, false],
  );
  await session.cancel();
  for (const answer of answers) answer({ type: 'allow', always: false });
  assert.equal((await end).verdict, 'cancelled');
  assert.ok(signals.every(({ aborted }) => aborted));
  await session.close();
  const events = agent.log().map(({ event, outcome }) => (event === 'permission' ? outcome : event));
  const since = events.slice(events.indexOf('prompt') + 1).filter((event) => event !== 'received');
  assert.deepEqual(since.slice(0, 3), ['cancelled', 'cancelled', 'cancelled']);
  assert.deepEqual(since.slice(3), ['cancel', 'answered', 'eof']);
});

test('what the agent asks while it is being cancelled is answered cancelled, and nobody is bothered', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: working, onCancel: { steps: [{ type: 'permission', options }] } }],
  });
  const session = await agent.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a working'));
  await session.cancel();
  assert.equal((await end).verdict, 'cancelled');
  assert.deepEqual(agent.seen.permissions, []);
  assert.deepEqual(
    agent.log('permission').map(({ outcome }) => outcome),
    ['cancelled'],
  );
});

test('while idle a cancel writes nothing', async (t) => {
  const agent = await rig(t, { prompts: [{ steps: [{ type: 'text', text: 'ok' }] }] });
  const session = await agent.open();
  await session.cancel();
  await session.prompt({ turnId: 'a', text: 'go' });
  await session.cancel();
  await session.close();
  assert.deepEqual(methodsIn(agent.log()), ['initialize', 'session/new', 'session/prompt']);
});

test('a cancel right behind the prompt works; two of them are one', async (t) => {
  const agent = await rig(t, { prompts: [{ steps: working }] });
  const session = await agent.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await Promise.all([session.cancel(), session.cancel()]);
  assert.equal((await end).verdict, 'cancelled');
  assert.ok(agent.log('cancel').length <= 1);
});

test('an agent that ignores the cancel is ended with its tree by the deadline', async (t) => {
  const agent = await rig(t, {
    onEof: 'ignore',
    onTerm: 'ignore',
    prompts: [
      {
        steps: [{ type: 'spawn', pidFile: '{{dir}}/pid', ignoreTerm: true, setsid: true }, ...working],
        onCancel: { answer: 'ignore' },
      },
    ],
  });
  const session = await agent.open({ cancelTimeoutMs: 100, closePatienceMs: 50, termPatienceMs: 50 });
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a working'));
  await session.cancel();
  const { verdict, failure, messages } = await end;
  assert.deepEqual([verdict, failure, messages], ['cancelled', 'cancel-timeout', ['working']]);
  const exit = await session.exited;
  assert.deepEqual([exit.signal, exit.left], ['SIGKILL', []]);
  assert.deepEqual(markedPids(agent.spec.sessionId), []);
});

test('a forced cancel does not wait for the agent, also when it was asked before, and the turn is cancelled', async (t) => {
  for (const asked of [false, true]) {
    const agent = await rig(t, { prompts: [{ steps: working, onCancel: { answer: 'ignore' } }] });
    const session = await agent.open({ cancelTimeoutMs: 60_000 });
    const end = session.prompt({ turnId: 'a', text: 'go' });
    await until('the turn runs', () => agent.seen.order.includes('a working'));
    if (asked) {
      void session.cancel();
      await until('it was asked', () => agent.log('cancel').length === 1);
    }
    await session.cancel(true);
    assert.deepEqual([(await end).verdict, (await end).failure], ['cancelled', undefined]);
    await session.exited;
    assert.deepEqual(markedPids(agent.spec.sessionId), []);
  }
});

test('an agent that leaves commands running is ended with them when it is cancelled in one, and only then', async (t) => {
  const tool = (status: string): Step => ({ type: 'tool', toolCallId: 'x', title: 'sleep', status });
  const command: Step = { type: 'spawn', pidFile: '{{dir}}/pid', setsid: true };
  for (const [status, isEnded] of [
    ['in_progress', true],
    ['completed', false],
  ] as const) {
    const agent = await rig(t, {
      load: { supported: true },
      prompts: [{ steps: [command, tool(status), ...working] }, { steps: [{ type: 'text', text: 'next' }] }],
    });
    const session = await agent.open({ leavesCommands: true });
    const end = session.prompt({ turnId: 'a', text: 'go' });
    await until('the turn runs', () => agent.seen.order.includes('a working'));
    await session.cancel();
    assert.equal((await end).verdict, 'cancelled');
    assert.equal(session.isGone, isEnded, status);
    if (!isEnded) continue;
    assert.deepEqual((await session.exited).left, []);
    assert.deepEqual(markedPids(agent.spec.sessionId), []);
    const next = await agent.open({ leavesCommands: true, resume: session.nativeId });
    assert.equal(next.continuity, 'loaded');
  }
});

test('an agent that dies of the cancel leaves a cancelled turn', async (t) => {
  const agent = await rig(t, { prompts: [{ steps: working, onCancel: { steps: [{ type: 'exit', code: 3 }] } }] });
  const session = await agent.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a working'));
  await session.cancel();
  assert.deepEqual([(await end).verdict, (await session.exited).exitCode], ['cancelled', 3]);
});

test('a permission that the agent withdraws is answered cancelled', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'notify', method: '$/cancel_request', params: { requestId: 'nobody knows' } },
          ask,
          { type: 'withdraw-permissions' },
          { type: 'await-permissions' },
          { type: 'text', text: 'ok' },
        ],
      },
    ],
  });
  const session = await agent.open();
  agent.seen.onPermission = () => new Promise(() => {});
  assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
  assert.deepEqual(
    agent.log('permission').map(({ outcome }) => outcome),
    ['cancelled'],
  );
  assert.equal(agent.seen.permissions[0]?.signal.aborted, true);
});

test('a cancel while the first sign is still being recorded asks nobody', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [ask, { type: 'hang' }], onCancel: { waitForPermissions: true } }],
  });
  const session = await agent.open();
  let recorded: () => void = () => {};
  agent.seen.onAccepted = () => new Promise((resolve) => (recorded = resolve));
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the first sign', () => agent.seen.order.includes('accepted a'));
  const cancelled = session.cancel();
  recorded();
  await cancelled;
  assert.equal((await end).verdict, 'cancelled');
  assert.deepEqual(agent.seen.permissions, []);
});
