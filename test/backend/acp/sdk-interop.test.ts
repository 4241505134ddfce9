import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rig, until } from './rig.ts';

const sdkAgent = fileURLToPath(new URL('./sdk-agent.ts', import.meta.url));

test('an agent built with the official SDK is driven through a session’s whole life', async (t) => {
  const agent = await rig(t, {});
  const session = await agent.open({ args: [sdkAgent] });
  assert.deepEqual([session.nativeId, session.agentVersion], ['sdk-0', '2.4.0']);
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

test('an agent built with the official SDK continues a session, or says that it is lost', async (t) => {
  const agent = await rig(t, {});
  const session = await agent.open({ args: [sdkAgent], resume: 'sdk-7' });
  assert.deepEqual([session.nativeId, session.continuity], ['sdk-7', 'resumed']);
  assert.match((await session.prompt({ turnId: 'a', text: 'hi' })).messages[0] ?? '', /you said hi$/);
  // One agent per session: ending the next one sweeps everything that carries the session's marker.
  await session.close();
  await assert.rejects(agent.open({ args: [sdkAgent], resume: 'other' }), { code: 'agent-session-lost' });
});
