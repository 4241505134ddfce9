/** A small agent built with the official SDK, as most real adapters are. Run as a program on stdio. */
import { Readable, Writable } from 'node:stream';
import { agent, methods, ndJsonStream, RequestError } from '@agentclientprotocol/sdk';

let nextSession = 0;
const cancels = new Map<string, AbortController>();

const app = agent({ name: 'sdk-agent' })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: 1,
    agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
    agentInfo: { name: 'sdk-agent', version: '2.4.0' },
  }))
  .onRequest(methods.agent.session.new, () => ({ sessionId: `sdk-${nextSession++}` }))
  .onRequest(methods.agent.session.resume, ({ params }) => {
    if (!params.sessionId.startsWith('sdk-')) throw RequestError.resourceNotFound(params.sessionId);
    return {};
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const { sessionId } = params;
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const abort = new AbortController();
    cancels.set(sessionId, abort);
    const say = (words: string): Promise<void> =>
      client.notify(methods.client.session.update, {
        sessionId,
        update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: words } },
      });
    if (text === 'fail') throw RequestError.internalError({ details: 'on purpose' });
    if (text === 'hang') {
      await say('hanging');
      await new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
      return { stopReason: 'cancelled' as const };
    }
    await client.notify(methods.client.session.update, {
      sessionId,
      update: { sessionUpdate: 'tool_call', toolCallId: 't1', title: 'Edit sum.js', kind: 'edit', status: 'pending' },
    });
    const { outcome } = await client.request(methods.client.session.requestPermission, {
      sessionId,
      toolCall: { toolCallId: 't1', title: 'Edit sum.js', kind: 'edit', locations: [{ path: '/w/sum.js' }] },
      options: [
        { optionId: 'always', name: 'Always', kind: 'allow_always' },
        { optionId: 'once', name: 'Once', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ],
    });
    const files = await client.request(methods.client.fs.readTextFile, { sessionId, path: '/etc/hostname' }).then(
      () => 'files',
      () => 'no files',
    );
    await say(`${outcome.outcome === 'selected' ? outcome.optionId : outcome.outcome}, ${files}, `);
    await say(`you said ${text}`);
    return { stopReason: 'end_turn' as const };
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => cancels.get(params.sessionId)?.abort());

app.connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>));
