import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methodsIn, rig, until } from './rig.ts';

test('a whole turn: updates in order, accepted at the first sign, the callback in the last message', async (t) => {
  const agent = await rig(t, {
    initialize: { version: '1.2.3' },
    prompts: [
      {
        steps: [
          { type: 'usage', used: 10, size: 100, cost: { amount: 0.25, currency: 'USD' } },
          { type: 'thought', text: 'hm' },
          { type: 'plan', entries: [{ content: 'fix', status: 'pending', priority: 'high' }] },
          { type: 'text', text: 'I will write.', chunks: 2 },
          { type: 'tool', toolCallId: 't1', title: 'Edit', kind: 'edit', status: 'in_progress' },
          { type: 'tool-update', toolCallId: 't1', status: 'completed' },
          { type: 'callback', status: 'completed', lead: 'Done.\n' },
          {
            type: 'answer',
            result: { stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } },
          },
        ],
      },
    ],
  });
  const session = await agent.open();
  assert.equal(session.continuity, 'new');
  assert.equal(session.agentVersion, '1.2.3');
  assert.match(session.nativeId ?? '', /^fault-\d+$/);
  const end = await session.prompt({ turnId: 'turn-1', text: '{"task_id": "issue-78", "nonce": "abc123"}' });
  assert.equal(end.verdict, 'done');
  assert.equal(end.stopReason, 'end_turn');
  assert.equal(end.toolCalls, 1);
  assert.deepEqual(end.usage, {
    inputTokens: 1,
    outputTokens: 2,
    totalTokens: 3,
    costAmount: 0.25,
    costCurrency: 'USD',
    contextTokens: 10,
    contextSize: 100,
  });
  assert.equal(end.messages.length, 2);
  assert.match(end.messages[0] ?? '', /^Done\.\n```callback-json\n[^]*"nonce": "abc123"/);
  assert.equal(end.messages[1], 'I will write.');
  assert.deepEqual(agent.seen.order.slice(0, 5), [
    'turn-1 {usage}',
    'accepted turn-1',
    'turn-1 (hm)',
    'turn-1 {plan}',
    'turn-1 I will ',
  ]);
  const raw = JSON.parse(agent.seen.updates[1]?.raw.toString() ?? '') as Record<string, unknown>;
  assert.equal(raw['method'], 'session/update');
});

test('a second prompt while one runs is a bug and throws; afterwards the next one goes', async (t) => {
  const agent = await rig(t, { prompts: [{ match: '', steps: [{ type: 'text', text: 'ok' }] }] });
  const session = await agent.open();
  const first = session.prompt({ turnId: 'a', text: 'one' });
  assert.throws(() => session.prompt({ turnId: 'b', text: 'two' }), /in flight/);
  await first;
  await session.prompt({ turnId: 'b', text: 'two' });
  assert.deepEqual(
    agent.log('prompt').map(({ text, busy }) => [text, busy]),
    [
      ['one', false],
      ['two', false],
    ],
  );
});

test('prompts arrive in order, each once, never while another runs', async (t) => {
  const agent = await rig(t, { prompts: [{ match: '', steps: [{ type: 'text', text: '{{prompt}}' }] }] });
  const session = await agent.open();
  const texts = Array.from({ length: 1000 }, (_, index) => `prompt ${index}`);
  for (const text of texts) {
    assert.deepEqual((await session.prompt({ turnId: text, text })).messages, [text]);
  }
  assert.deepEqual(
    agent.log('prompt').map(({ text }) => text),
    texts,
  );
  assert.equal(
    agent.log('prompt').every(({ busy }) => busy === false),
    true,
  );
});

test('the turn ends only when every update before its answer was taken in', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [{ type: 'text', text: '12345', chunks: 5 }], after: [{ type: 'text', text: 'late' }] }],
  });
  const session = await agent.open();
  let finished = 0;
  agent.seen.onUpdate = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    finished += 1;
  };
  await session.prompt({ turnId: 'a', text: 'go' });
  assert.equal(finished, 5);
  // Also what came in the same read as the answer is outside of the turn.
  await until('the late update', () => agent.seen.order.length === 7);
  assert.deepEqual(agent.seen.order, ['accepted a', 'a 1', 'a 2', 'a 3', 'a 4', 'a 5', '- late']);
});

test('updates after the answer belong to no turn, and the next prompt waits until they are over', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [{ type: 'text', text: 'one' }],
        after: [
          { type: 'text', text: 'late' },
          { type: 'delay', ms: 20 },
          { type: 'text', text: 'later' },
        ],
      },
      { steps: [{ type: 'text', text: 'two' }] },
    ],
  });
  const session = await agent.open();
  const first = await session.prompt({ turnId: 'a', text: 'go' });
  await until('a late update', () => agent.seen.order.includes('- late'));
  const second = await session.prompt({ turnId: 'b', text: 'go' });
  assert.deepEqual(first.messages, ['one']);
  assert.deepEqual(second.messages, ['two']);
  assert.deepEqual(agent.seen.order, ['accepted a', 'a one', '- late', '- later', 'accepted b', 'b two']);
});

test('unknown kinds, odd fields and tools never seen before are kept and break nothing', async (t) => {
  const odd: readonly unknown[] = [
    { sessionUpdate: 'brand_new', anything: [1] },
    { sessionUpdate: 'usage_update', used: null },
    { sessionUpdate: 'tool_call_update', toolCallId: 'unseen', extra: true },
    { sessionUpdate: 'agent_message_chunk', content: null },
    {},
    null,
  ];
  const agent = await rig(t, {
    prompts: [{ steps: [...odd.map((update) => ({ type: 'update' as const, update })), { type: 'text', text: 'ok' }] }],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.equal(end.verdict, 'done');
  assert.deepEqual(
    agent.seen.updates.map(({ raw }) => (JSON.parse(raw.toString()) as { params: { update: unknown } }).params.update),
    [...odd, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'ok' } }],
  );
});

test('what the agent’s helpers say in sessions of their own is kept, but is not its answer', async (t) => {
  const chunk = (text: string): unknown => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'text', text: 'mine' },
          { type: 'update', update: chunk('helper'), sessionId: 'another' },
        ],
      },
    ],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(end.messages, ['mine']);
  assert.deepEqual(agent.seen.order, ['accepted a', 'a mine', 'a {agent_message_chunk}']);
});

test('answers that are no success are failures with their own text', async (t) => {
  const agent = await rig(t, {
    prompts: [
      { match: 'empty', steps: [{ type: 'thought', text: 'hm' }] },
      {
        match: 'weird',
        steps: [
          { type: 'text', text: 'x' },
          { type: 'answer', stopReason: 'error' },
        ],
      },
      { match: 'refusal', steps: [{ type: 'answer', stopReason: 'refusal' }] },
      { match: 'boom', steps: [{ type: 'answer', error: { code: -32603, message: 'boom', data: 'why' } }] },
      { match: 'login', steps: [{ type: 'answer', error: { code: -32000, message: 'Authentication required' } }] },
      { match: 'null', steps: [{ type: 'answer', result: null }] },
    ],
  });
  const session = await agent.open();
  const cases: readonly [string, string, string | null][] = [
    ['empty', 'empty-turn', 'end_turn'],
    ['weird', 'unknown-stop-reason', 'error'],
    ['refusal', 'refusal', 'refusal'],
    ['boom', 'agent-error', null],
    ['login', 'auth-required', null],
    ['null', 'unknown-stop-reason', null],
  ];
  for (const [text, failure, stopReason] of cases) {
    const end = await session.prompt({ turnId: text, text });
    assert.deepEqual([end.verdict, end.failure, end.stopReason], ['failed', failure, stopReason], text);
    if (text === 'boom') assert.equal(end.detail, 'boom: why (-32603)');
  }
});

test('without a sign of life in time the turn is cancelled and has failed', async (t) => {
  const agent = await rig(t, {
    prompts: [
      { steps: [{ type: 'update', update: { sessionUpdate: 'available_commands_update' } }, { type: 'hang' }] },
    ],
  });
  const session = await agent.open({ firstSignTimeoutMs: 150 });
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual([end.verdict, end.failure, end.stopReason], ['failed', 'no-first-sign', 'cancelled']);
  assert.deepEqual(agent.log('cancel').length, 1);
  assert.equal(agent.seen.order.includes('accepted a'), false);
});

test('silence only warns, and says that a tool is running; the wall clock ends the turn', async (t) => {
  const agent = await rig(t, {
    prompts: [
      { steps: [{ type: 'tool', toolCallId: 't', title: 'make', status: 'in_progress' }, { type: 'hang' }] },
      { steps: [{ type: 'text', text: 'again' }] },
    ],
  });
  const session = await agent.open({ silenceWarnMs: 50, turnTimeoutMs: 400 });
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual([end.verdict, end.failure], ['failed', 'turn-timeout']);
  const silent = agent.seen.noticesOf('silent');
  assert.ok(silent.length >= 2, 'warned more than once');
  assert.ok(silent.every(({ toolPending, forMs }) => toolPending && forMs >= 50));
  // The agent obeyed, so the session goes on.
  assert.equal((await session.prompt({ turnId: 'b', text: 'go' })).verdict, 'done');
});

test('a permission request is a sign of life', async (t) => {
  const options = [{ optionId: 'y', name: 'y', kind: 'allow_once' }];
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'permission', options },
          { type: 'text', text: 'ok' },
        ],
      },
    ],
  });
  const session = await agent.open();
  assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
  assert.deepEqual(agent.seen.order, ['accepted a', 'permission do something', 'a ok']);
});

test('text goes into the running turn where the agent can take it, and never starts one', async (t) => {
  const agent = await rig(t, {
    steering: { outcome: 'injected', steps: [{ type: 'write-file', path: '{{dir}}/steered' }] },
    prompts: [
      {
        steps: [
          { type: 'text', text: 'working' },
          { type: 'wait-for-file', path: '{{dir}}/steered' },
        ],
      },
    ],
  });
  const session = await agent.open();
  assert.equal(session.capabilities.steer, true);
  assert.equal(await session.steer('too early'), 'no-turn');
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a working'));
  assert.equal(await session.steer('please hurry'), 'injected');
  assert.equal((await end).verdict, 'done');
  assert.equal(await session.steer('too late'), 'no-turn');
  const [request, ...more] = agent.log('received').filter(({ method }) => method === '_session/steering');
  assert.deepEqual(more, []);
  assert.deepEqual(request?.['params'], {
    sessionId: session.nativeId,
    prompt: [{ type: 'text', text: 'please hurry' }],
    _meta: { steering: { idleBehavior: 'promptRequired' } },
  });
});

test('an agent that begins a turn of its own with a steer is said to have done so', async (t) => {
  const agent = await rig(t, {
    steering: { outcome: 'startedNewTurn' },
    prompts: [
      {
        steps: [
          { type: 'text', text: 'working' },
          { type: 'wait-for-file', path: '{{dir}}/go' },
        ],
      },
    ],
  });
  const session = await agent.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => agent.seen.order.includes('a working'));
  assert.equal(await session.steer('x'), 'started-turn');
  await agent.touch('go');
  await end;
});

test('steering that the agent refuses, or cannot do, is said to be so', async (t) => {
  const refusing = await rig(t, {
    steering: { outcome: 'promptRequired' },
    prompts: [
      {
        steps: [
          { type: 'text', text: 'working' },
          { type: 'wait-for-file', path: '{{dir}}/go' },
        ],
      },
    ],
  });
  const session = await refusing.open();
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the turn runs', () => refusing.seen.order.includes('a working'));
  assert.equal(await session.steer('x'), 'no-turn');
  await refusing.touch('go');
  await end;

  const without = await rig(t, {});
  const other = await without.open();
  assert.equal(await other.steer('x'), 'not-supported');
  assert.deepEqual(methodsIn(without.log()), ['initialize', 'session/new']);
});
