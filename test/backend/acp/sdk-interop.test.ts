import assert from 'node:assert/strict';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agent as sdkAgentApp, client, methods, ndJsonStream } from '@agentclientprotocol/sdk';
import type * as acp from '@agentclientprotocol/sdk';
import { Connection } from '../../../src/backend/acp/connection.ts';
import { LineWriter } from '../../../src/backend/acp/line-writer.ts';
import { FAULTS } from '../../../src/rehearsal/fault-agent/faults.ts';
import { notInstalled, prefixOf, SDK_1_0, SDK_1_9, type PinnedAgent } from '../../agents/pinned-agents.ts';
import { rig, until } from './rig.ts';

const program = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
const oldSdk = (pinned: PinnedAgent, version: string): readonly string[] => [
  program('sdk-1-agent'),
  path.join(prefixOf(pinned), 'lib/node_modules/@agentclientprotocol/sdk/dist/acp.js'),
  version,
];

/** The same agent, built with each line of the SDK that agents in use are built with. */
const SDKS: readonly { readonly version: string; readonly args: readonly string[]; readonly skip: string | null }[] = [
  { version: '2.4.0', args: [program('sdk-agent')], skip: null },
  { version: '1.9.0', args: oldSdk(SDK_1_9, '1.9.0'), skip: notInstalled(SDK_1_9) },
  { version: '1.0.0', args: oldSdk(SDK_1_0, '1.0.0'), skip: notInstalled(SDK_1_0) },
];

for (const { version, args, skip } of SDKS) {
  test(`an agent built with the official SDK ${version} is driven through a session’s whole life`, async (t) => {
    if (skip !== null) return t.skip(skip);
    const agent = await rig(t, {});
    const session = await agent.open({ args });
    assert.deepEqual([session.nativeId, session.agentVersion], ['sdk-0', version]);
    assert.equal(session.capabilities.resume, 'resume');

    const end = await session.prompt({ turnId: 'a', text: 'grüß dich 😀' });
    assert.deepEqual([end.verdict, end.toolCalls], ['done', 1]);
    assert.deepEqual(end.messages, ['once, no files, you said grüß dich 😀']);
    assert.deepEqual(agent.seen.permissions[0]?.request.paths, ['/w/sum.js']);

    const failed = await session.prompt({ turnId: 'b', text: 'fail' });
    assert.deepEqual([failed.verdict, failed.failure], ['failed', 'agent-error']);
    assert.match(failed.detail ?? '', /on purpose/);

    const hanging = session.prompt({ turnId: 'c', text: 'hang' });
    await until('the turn runs', () => agent.seen.order.includes('c hanging'));
    await session.cancel();
    assert.deepEqual([(await hanging).verdict, (await hanging).stopReason], ['cancelled', 'cancelled']);

    const exit = await session.close();
    assert.deepEqual([exit.exitCode, exit.left], [0, []]);
    const oddities = agent.seen.notices.filter(({ type }) => type !== 'stderr');
    assert.deepEqual(oddities, []);
  });

  test(`an agent built with the official SDK ${version} continues a session, or says that it is lost`, async (t) => {
    if (skip !== null) return t.skip(skip);
    const agent = await rig(t, {});
    const session = await agent.open({ args, resume: 'sdk-7' });
    assert.deepEqual([session.nativeId, session.continuity], ['sdk-7', 'resumed']);
    assert.match((await session.prompt({ turnId: 'a', text: 'hi' })).messages[0] ?? '', /you said hi$/);
    // One agent per session: ending the next one sweeps everything that carries the session's marker.
    await session.close();
    await assert.rejects(agent.open({ args, resume: 'other' }), { code: 'agent-session-lost' });
  });
}

test('in one process, what we send is what the official types say, and what they send is read', async () => {
  const [toAgent, fromAgent] = [new PassThrough(), new PassThrough()];
  const seen: string[] = [];
  const official = sdkAgentApp({ name: 'in-process' })
    .onRequest(methods.agent.initialize, ({ params }) => {
      seen.push(`initialize ${params.protocolVersion} ${params.clientInfo?.name ?? ''}`);
      return { protocolVersion: 1, agentCapabilities: {} };
    })
    .onRequest(methods.agent.session.new, ({ params }) => {
      seen.push(`new ${params.cwd}`);
      return { sessionId: 's-1' };
    })
    .onRequest(methods.agent.session.prompt, async ({ params, client: caller }) => {
      await caller.notify(methods.client.session.update, {
        sessionId: params.sessionId,
        update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'hello' } },
      });
      return { stopReason: 'end_turn' as const };
    });
  official.connect(ndJsonStream(Writable.toWeb(fromAgent), Readable.toWeb(toAgent) as ReadableStream<Uint8Array>));
  const connection = new Connection(new LineWriter(toAgent), {
    notification: (method) => void seen.push(method),
    request: (_method, _params, reply) => reply({ error: { code: -32601, message: 'no' } }),
    notice: () => {},
  });
  const read = connection.read(fromAgent);
  // The compiler holds these to the official types, the agent's own validation to the official schema.
  const initialize: acp.InitializeRequest = {
    protocolVersion: 1,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: { name: 'conduxt', title: 'conduxt', version: '0' },
  };
  const session: acp.NewSessionRequest = { cwd: '/w', mcpServers: [] };
  const prompt: acp.PromptRequest = { sessionId: 's-1', prompt: [{ type: 'text', text: 'hi' }] };
  const answers = [
    await connection.request('initialize', initialize),
    await connection.request('session/new', session),
    await connection.request('session/prompt', prompt),
  ];
  assert.deepEqual(
    answers.map(({ type }) => type),
    ['result', 'result', 'result'],
  );
  assert.deepEqual(seen, ['initialize 1 conduxt', 'new /w', 'session/update']);
  fromAgent.end();
  await read;
});

test('the official client is served by the fake agent', async (t) => {
  const { spec } = await rig(t, FAULTS['none']?.script ?? {});
  const { spawn } = await import('node:child_process');
  const child = spawn(spec.command, spec.args, { env: spec.env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => child.once('close', resolve));
  const said: string[] = [];
  const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>);
  const app = client({ name: 'official' }).onNotification(methods.client.session.update, ({ params }) => {
    const { update } = params;
    if (update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text')
      said.push(update.content.text);
  });
  await app.connectWith(stream, async (agent) => {
    await agent.request(methods.agent.initialize, { protocolVersion: 1, clientCapabilities: {} });
    const { sessionId } = await agent.request(methods.agent.session.new, { cwd: spec.cwd, mcpServers: [] });
    const { stopReason } = await agent.request(methods.agent.session.prompt, {
      sessionId,
      prompt: [{ type: 'text', text: 'hi' }],
    });
    assert.equal(stopReason, 'end_turn');
    await until('its words arrive', () => said.length === 2);
    assert.deepEqual(said, ['You said: ', 'hi']);
  });
  child.stdin.end();
  await exited;
});
