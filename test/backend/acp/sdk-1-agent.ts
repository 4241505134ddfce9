/**
 * The agent of `sdk-agent.ts` in the classic form of the SDK's 1.x line, as agents of 2026's first half are built.
 * Run as a program on stdio: `sdk-1-agent.ts <path of the SDK's entry> <its version>`.
 */
import { pathToFileURL } from 'node:url';
import { Readable, Writable } from 'node:stream';

interface Client {
  sessionUpdate(params: object): Promise<void>;
  requestPermission(params: object): Promise<{ outcome: { outcome: string; optionId?: string } }>;
  readTextFile(params: object): Promise<unknown>;
}
/** The part of the 1.x SDK that is used here: its package is not a dependency, so its types are not there. */
interface Sdk {
  AgentSideConnection: new (toAgent: (client: Client) => object, stream: unknown) => unknown;
  ndJsonStream(output: unknown, input: unknown): unknown;
  RequestError: { internalError(data: object): Error; resourceNotFound(uri: string): Error };
}
interface Prompt {
  readonly sessionId: string;
  readonly prompt: readonly { readonly type: string; readonly text?: string }[];
}

const [entry = '', version = ''] = process.argv.slice(2);
const sdk = (await import(pathToFileURL(entry).href)) as Sdk;
let nextSession = 0;
const cancels = new Map<string, () => void>();

const agentFor = (client: Client): object => {
  const say = (sessionId: string, text: string): Promise<void> =>
    client.sessionUpdate({
      sessionId,
      update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
    });
  return {
    initialize: async () => ({
      protocolVersion: 1,
      agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
      agentInfo: { name: 'sdk-agent', version },
    }),
    newSession: async () => ({ sessionId: `sdk-${nextSession++}` }),
    loadSession: async () => ({}),
    resumeSession: async ({ sessionId }: Prompt) => resumed(sessionId),
    unstable_resumeSession: async ({ sessionId }: Prompt) => resumed(sessionId),
    authenticate: async () => ({}),
    prompt: async ({ sessionId, prompt }: Prompt) => {
      const text = prompt.map((block) => block.text ?? '').join('');
      if (text === 'fail') throw sdk.RequestError.internalError({ details: 'on purpose' });
      if (text === 'hang') {
        const cancelled = new Promise<void>((resolve) => cancels.set(sessionId, resolve));
        await say(sessionId, 'hanging');
        await cancelled;
        return { stopReason: 'cancelled' };
      }
      const toolCall = { toolCallId: 't1', title: 'Edit sum.js', kind: 'edit' };
      await client.sessionUpdate({ sessionId, update: { sessionUpdate: 'tool_call', ...toolCall, status: 'pending' } });
      const { outcome } = await client.requestPermission({
        sessionId,
        toolCall: { ...toolCall, locations: [{ path: '/w/sum.js' }] },
        options: [
          { optionId: 'always', name: 'Always', kind: 'allow_always' },
          { optionId: 'once', name: 'Once', kind: 'allow_once' },
          { optionId: 'no', name: 'No', kind: 'reject_once' },
        ],
      });
      const files = await client.readTextFile({ sessionId, path: '/etc/hostname' }).then(
        () => 'files',
        () => 'no files',
      );
      await say(sessionId, `${outcome.optionId ?? outcome.outcome}, ${files}, `);
      await say(sessionId, `you said ${text}`);
      return { stopReason: 'end_turn' };
    },
    cancel: async ({ sessionId }: Prompt) => cancels.get(sessionId)?.(),
  };
};

function resumed(sessionId: string): object {
  if (!sessionId.startsWith('sdk-')) throw sdk.RequestError.resourceNotFound(sessionId);
  return {};
}

// The connection lives as long as its streams do.
void new sdk.AgentSideConnection(
  agentFor,
  sdk.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)),
);
