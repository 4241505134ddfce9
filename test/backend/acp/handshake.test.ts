import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAlive } from '../../../src/process/identity.ts';
import { markedPids } from '../../../src/process/marker.ts';
import { version } from '../../../src/version.ts';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';
import { each, methodsIn, rig } from './rig.ts';

test('initialize asks for version 1 and offers nothing; nothing else is sent before its answer', async (t) => {
  const agent = await rig(t, { initialize: { before: [{ type: 'wait-for-file', path: '{{dir}}/go' }] } });
  const opening = agent.open();
  const [request] = await new Promise<ReturnType<typeof agent.log>>((resolve) => {
    const look = (): void => {
      const records = agent.log('received');
      if (records.length > 0) resolve(records);
      else setTimeout(look, 5);
    };
    look();
  });
  assert.deepEqual(request?.['params'], {
    protocolVersion: 1,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: { name: 'conduxt', title: 'conduxt', version },
  });
  await agent.touch('go');
  await opening;
  assert.deepEqual(methodsIn(agent.log()), ['initialize', 'session/new']);
  assert.deepEqual(agent.log('received')[1]?.['params'], { cwd: agent.dir, mcpServers: [] });
});

test('any other version is refused by name, and no session is opened', async (t) => {
  const cases: readonly [string, NonNullable<Script['initialize']>][] = [
    ['2', { protocolVersion: 2 }],
    ['0', { protocolVersion: 0 }],
    ['"1"', { protocolVersion: '1' }],
    ['none', { omitVersion: true }],
  ];
  await each(cases, async ([shown, initialize]) => {
    const agent = await rig(t, { initialize });
    await assert.rejects(agent.open(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'agent-protocol');
      assert.match(error.message, /version 1\b/);
      assert.ok(error.message.includes(`version ${shown}`), error.message);
      return true;
    });
    assert.deepEqual(methodsIn(agent.log()), ['initialize']);
    assert.deepEqual(markedPids(agent.spec.sessionId), []);
  });
});

test('an agent that demands a login gets at most one unattended attempt', async (t) => {
  const key = { id: 'openai-api-key', name: 'API key' };
  const browser = { id: 'oauth', name: 'Browser' };
  const terminal = { id: 'api-key-terminal', name: 'Terminal', type: 'terminal' };
  const cases: readonly [string, Script, readonly string[], boolean][] = [
    [
      'works',
      { authRequired: 'once', initialize: { authMethods: [terminal, browser, key] } },
      ['authenticate', 'session/new'],
      true,
    ],
    ['useless', { authRequired: 'always', initialize: { authMethods: [key] } }, ['authenticate', 'session/new'], false],
    [
      'refused',
      {
        authRequired: 'once',
        initialize: { authMethods: [key] },
        authenticate: { error: { code: -32603, message: 'no key' } },
      },
      ['authenticate'],
      false,
    ],
    ['only a person can', { authRequired: 'once', initialize: { authMethods: [terminal, browser] } }, [], false],
    ['nothing is offered', { authRequired: 'once' }, [], false],
  ];
  await each(cases, async ([name, script, sent, opens]) => {
    const agent = await rig(t, script);
    if (opens) await agent.open();
    else {
      await assert.rejects(agent.open(), (error: Error & { code?: string; remedy?: string }) => {
        assert.equal(error.code, 'agent-login-required', name);
        for (const method of (script.initialize?.authMethods ?? []) as { name: string }[]) {
          assert.ok(error.remedy?.includes(method.name), name);
        }
        return true;
      });
    }
    assert.deepEqual(methodsIn(agent.log()), ['initialize', 'session/new', ...sent], name);
    const tried = agent.log('received').filter(({ method }) => method === 'authenticate');
    for (const { params } of tried) assert.deepEqual(params, { methodId: 'openai-api-key' });
  });
});

test('an agent that does not answer in time is ended with all it started', async (t) => {
  for (const script of [
    { initialize: { silent: true } },
    { new: { silent: true, before: [{ type: 'spawn', pidFile: '{{dir}}/pid', ignoreTerm: true }] } },
  ] satisfies Script[]) {
    const agent = await rig(t, { ...script, onEof: 'ignore', onTerm: 'ignore' });
    await assert.rejects(agent.open({ startTimeoutMs: 400, closePatienceMs: 50, termPatienceMs: 50 }), {
      code: 'agent-start-timeout',
    });
    assert.deepEqual(markedPids(agent.spec.sessionId), []);
    assert.deepEqual(agent.log('prompt'), []);
  }
});

test('an agent that dies while starting is reported with exit code and last words', async (t) => {
  for (const script of [
    {
      start: [
        { type: 'stderr', text: 'no API key found\n' },
        { type: 'exit', code: 41 },
      ],
    },
    {
      new: {
        before: [
          { type: 'stderr', text: 'no API key found\n' },
          { type: 'exit', code: 41 },
        ],
      },
    },
  ] satisfies Script[]) {
    const agent = await rig(t, script);
    await assert.rejects(agent.open(), (error: Error & { code?: string; facts?: Record<string, unknown> }) => {
      assert.equal(error.code, 'agent-not-started');
      assert.match(error.message, /exited with code 41.*no API key found/);
      assert.equal(error.facts?.['exitCode'], 41);
      assert.equal(error.facts['stderrTail'], 'no API key found\n');
      return true;
    });
  }
});

test('a program or directory that does not exist is said to be so', async (t) => {
  const agent = await rig(t, {});
  for (const changes of [{ command: '/nonexistent/agent' }, { cwd: '/nonexistent/dir' }]) {
    await assert.rejects(agent.open(changes), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'agent-not-started');
      assert.ok(error.message.includes(Object.values(changes)[0] ?? ''));
      return true;
    });
  }
});

test('a session without an id, and any error, is refused with the agent’s words', async (t) => {
  const cases: readonly [Script, RegExp][] = [
    [{ new: { result: {} } }, /without an id/],
    [{ new: { result: null } }, /without an id/],
    [{ new: { error: { code: -32603, message: 'disk on fire' } } }, /session\/new: disk on fire \(-32603\)/],
    [{ initialize: { error: { code: -32600, message: 'unsupported' } } }, /initialize: unsupported/],
  ];
  await each(cases, async ([script, message]) => {
    const agent = await rig(t, script);
    await assert.rejects(agent.open(), { code: 'agent-protocol', message });
  });
});

test('updates before the session is open are kept in order, outside of any turn', async (t) => {
  const agent = await rig(t, {
    new: {
      sessionId: 'sess-1',
      before: [
        { type: 'update', update: { sessionUpdate: 'available_commands_update' }, sessionId: 'sess-1' },
        { type: 'update', update: { sessionUpdate: 'session_info_update' }, sessionId: 'sess-1' },
      ],
    },
    prompts: [{ steps: [{ type: 'text', text: 'ok' }] }],
  });
  const session = await agent.open();
  await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(agent.seen.order, [
    '- {available_commands_update}',
    '- {session_info_update}',
    'accepted a',
    'a ok',
  ]);
});

test('what an agent can do is declared from what it says', async (t) => {
  const cases: readonly [Script, object][] = [
    [{}, { resume: 'none', steer: false }],
    [{ load: { supported: true } }, { resume: 'load', steer: false }],
    [
      { load: { supported: true }, resume: { supported: true } },
      { resume: 'resume', steer: false },
    ],
    [{ steering: { outcome: 'injected' } }, { resume: 'none', steer: true }],
    [{ initialize: { meta: { steering: { supported: 'yes' } } } }, { resume: 'none', steer: false }],
  ];
  await each(cases, async ([script, expected]) => {
    const agent = await rig(t, script);
    const session = await agent.open();
    assert.deepEqual(session.capabilities, { nativeId: 'same', permissions: true, usage: true, ...expected });
    assert.equal(isAlive(session.process), true);
    await session.close();
    assert.equal(isAlive(session.process), false);
  });
});
