import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markedPids } from '../../../src/process/marker.ts';
import type { Script, Step } from '../../../src/rehearsal/fault-agent/script.ts';
import { each, methodsIn, rig } from './rig.ts';

/** A conversation of the past, as agents replay it, with a callback in it. */
const replay = (messageId?: string): readonly Step[] => [
  { type: 'update', update: { sessionUpdate: 'user_message_chunk', content: { type: 'text', text: 'old prompt' } } },
  { type: 'text', text: 'old answer', ...(messageId === undefined ? {} : { messageId }) },
  { type: 'tool', toolCallId: 'old', title: 'old tool', status: 'completed' },
  { type: 'callback', status: 'completed', fields: { nonce: 'old' } },
];
const prompts = [{ steps: [{ type: 'text', text: 'new' }] }] satisfies Script['prompts'];

test('resume is preferred to load, and either keeps the session id', async (t) => {
  const both = await rig(t, { load: { supported: true }, resume: { supported: true }, prompts });
  const resumed = await both.open({ resume: 'native-1' });
  assert.deepEqual([resumed.continuity, resumed.nativeId], ['resumed', 'native-1']);
  assert.deepEqual(methodsIn(both.log()), ['initialize', 'session/resume']);
  assert.deepEqual(both.log('received')[1]?.['params'], { sessionId: 'native-1', cwd: both.dir, mcpServers: [] });

  const load = await rig(t, { load: { supported: true }, prompts });
  const loaded = await load.open({ resume: 'native-1' });
  assert.deepEqual([loaded.continuity, loaded.nativeId], ['loaded', 'native-1']);
  assert.deepEqual(methodsIn(load.log()), ['initialize', 'session/load']);
});

test('an agent that loses sessions is not asked to continue one, whatever it offers', async (t) => {
  const agent = await rig(t, { load: { supported: true }, resume: { supported: true } });
  const losesSessions = true;
  await assert.rejects(agent.open({ resume: 'native-1', losesSessions }), { code: 'agent-session-lost' });
  assert.deepEqual(methodsIn(agent.log()), ['initialize']);
  const fresh = await agent.open({ losesSessions });
  assert.deepEqual([fresh.continuity, fresh.capabilities.resume], ['new', 'none']);
});

test('a replay, in any style, is no update of a turn and starts none', async (t) => {
  const styles: readonly [string, Script][] = [
    ['before the answer', { load: { supported: true, before: replay() } }],
    ['with message ids', { load: { supported: true, before: replay('m1') } }],
    ['most of it after the answer', { load: { supported: true, before: replay().slice(0, 1), after: replay() } }],
    [
      'after the answer, with pauses',
      { load: { supported: true, after: replay().flatMap((step): Step[] => [step, { type: 'delay', ms: 50 }]) } },
    ],
    ['from an agent that replays on resume', { resume: { supported: true, before: replay() } }],
    [
      'with a permission of the past',
      {
        load: {
          supported: true,
          before: [...replay(), { type: 'permission', options: [{ optionId: 'y', name: 'y', kind: 'allow_once' }] }],
        },
      },
    ],
  ];
  await each(styles, async ([name, script]) => {
    const agent = await rig(t, { ...script, prompts });
    const session = await agent.open({ resume: 'native-1' });
    assert.deepEqual(agent.seen.order, [], name);
    const end = await session.prompt({ turnId: 'a', text: 'go' });
    assert.deepEqual(end.messages, ['new'], name);
    assert.deepEqual([end.verdict, end.toolCalls], ['done', 0], name);
    assert.deepEqual(agent.seen.order, ['accepted a', 'a new'], name);
    await session.close();
  });
});

test('null and empty results mean that the session goes on', async (t) => {
  const scripts = [null, {}, { configOptions: [] }].flatMap((result): Script[] => [
    { load: { supported: true, result } },
    { resume: { supported: true, result } },
  ]);
  await each(scripts, async (script) => {
    const agent = await rig(t, { ...script, prompts });
    const session = await agent.open({ resume: 'native-1' });
    assert.equal(session.nativeId, 'native-1');
    assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
    await session.close();
  });
});

test('a session that cannot be continued is lost, and never replaced by a new one', async (t) => {
  const cases: readonly [string, Script][] = [
    ['no capability', {}],
    ...[-32002, -32602, -32603, -32000].flatMap((code): [string, Script][] => [
      [`resume ${code}`, { resume: { supported: true, error: { code, message: 'gone' } } }],
      [`load ${code}`, { load: { supported: true, error: { code, message: 'gone' } } }],
    ]),
    ['silence', { resume: { supported: true, silent: true } }],
    ['another session', { load: { supported: true, result: { sessionId: 'another' } } }],
  ];
  await each(cases, async ([name, script]) => {
    const agent = await rig(t, script);
    // Shorter for the silent one only; starting Node with ten others takes seconds on a busy machine.
    const startTimeoutMs = name === 'silence' ? 6_000 : agent.spec.startTimeoutMs;
    await assert.rejects(
      agent.open({ resume: 'native-1', startTimeoutMs, closePatienceMs: 200 }),
      { code: 'agent-session-lost', message: /native-1/ },
      name,
    );
    assert.equal(methodsIn(agent.log()).includes('session/new'), false, name);
    assert.deepEqual(markedPids(agent.spec.sessionId), [], name);
  });
});

test('an advertised resume that the agent does not know falls back to load', async (t) => {
  const agent = await rig(t, {
    load: { supported: true },
    resume: { supported: true, error: { code: -32601, message: 'Method not found' } },
    prompts,
  });
  const session = await agent.open({ resume: 'native-1' });
  assert.equal(session.continuity, 'loaded');
});

test('an agent that is killed comes back with its session in a new process', async (t) => {
  const agent = await rig(t, {
    resume: { supported: true },
    prompts: [
      {
        steps: [
          { type: 'text', text: 'half' },
          { type: 'exit', signal: 'SIGKILL' },
        ],
      },
      { steps: [{ type: 'text', text: 'rest' }] },
    ],
  });
  const first = await agent.open();
  const end = await first.prompt({ turnId: 'a', text: 'one' });
  assert.deepEqual([end.verdict, end.failure, end.messages], ['unknown', 'agent-exited', ['half']]);
  assert.equal((await first.exited).signal, 'SIGKILL');
  const second = await agent.open({ resume: first.nativeId });
  assert.equal(second.nativeId, first.nativeId);
  assert.deepEqual((await second.prompt({ turnId: 'b', text: 'two' })).messages, ['rest']);
  assert.deepEqual(
    agent.log('prompt').map(({ text }) => text),
    ['one', 'two'],
  );
});
