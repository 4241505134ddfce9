/**
 * The rehearsal agent: a real ACP agent program on stdio, built on the ACP SDK, that needs no model, no account and no
 * network. It does a prepared change the way an agent would: reads the prompt, edits files, runs the tests, commits,
 * and ends with the callback. What it does is in `.conduxt-rehearsal.json` of the repository (`rehearsal-script.ts`).
 *
 * Environment, for tests and demonstrations:
 * - `CONDUXT_REHEARSAL_STATE`     directory of its session logs, so that a session survives the process
 * - `CONDUXT_REHEARSAL_DELAY_MS`  pause before each step; 40 by default
 * - `CONDUXT_REHEARSAL_ASK=1`     asks for permission before it changes a file
 *
 * It ends when its stdin does.
 */
import { randomUUID } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import {
  agent,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type ContentBlock,
} from '@agentclientprotocol/sdk';
import { endPrograms } from './rehearsal-programs.ts';
import { openSessionStore } from './rehearsal-sessions.ts';
import { performTurn } from './rehearsal-turn.ts';
import packageJson from '../../package.json' with { type: 'json' };

interface OpenSession {
  readonly cwd: string;
  /** Of the turn that runs; null between turns. */
  turn: AbortController | null;
}

const delayMs = Number(process.env['CONDUXT_REHEARSAL_DELAY_MS'] ?? 40);
const asksPermission = process.env['CONDUXT_REHEARSAL_ASK'] === '1';
const store = openSessionStore(process.env['CONDUXT_REHEARSAL_STATE']);
const sessions = new Map<string, OpenSession>();

function reopen(sessionId: string, cwd: string): void {
  if (store.read(sessionId) === null) throw new RequestError(-32002, `Session ${sessionId} was not found.`);
  sessions.set(sessionId, { cwd, turn: null });
}

const app = agent({ name: 'conduxt-rehearsal' })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: 'conduxt-rehearsal', title: 'Conduxt rehearsal', version: packageJson.version },
    agentCapabilities: { loadSession: true, promptCapabilities: {}, sessionCapabilities: { resume: {}, close: {} } },
    authMethods: [],
  }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    const sessionId = randomUUID();
    store.append(sessionId, { type: 'opened', text: params.cwd });
    sessions.set(sessionId, { cwd: params.cwd, turn: null });
    return { sessionId };
  })
  .onRequest(methods.agent.session.resume, ({ params }) => {
    reopen(params.sessionId, params.cwd);
    return {};
  })
  .onRequest(methods.agent.session.load, async ({ params, client }) => {
    reopen(params.sessionId, params.cwd);
    for (const entry of store.read(params.sessionId) ?? []) {
      if (entry.type === 'opened') continue;
      const sessionUpdate = entry.type === 'user' ? 'user_message_chunk' : 'agent_message_chunk';
      const update = { sessionUpdate, content: { type: 'text', text: entry.text }, messageId: randomUUID() } as const;
      await client.notify(methods.client.session.update, { sessionId: params.sessionId, update });
    }
    return {};
  })
  .onRequest(methods.agent.session.close, ({ params }) => {
    sessions.get(params.sessionId)?.turn?.abort();
    sessions.delete(params.sessionId);
    return {};
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client, signal }) => {
    const { sessionId } = params;
    const session = sessions.get(sessionId);
    if (session === undefined) throw new RequestError(-32002, `Session ${sessionId} was not found.`);
    if (session.turn !== null) throw RequestError.invalidRequest(undefined, 'A prompt is running already.');
    const turn = new AbortController();
    session.turn = turn;
    const text = textOf(params.prompt);
    store.append(sessionId, { type: 'user', text });
    try {
      return await performTurn({
        prompt: text,
        cwd: session.cwd,
        delayMs,
        signal: AbortSignal.any([turn.signal, signal]),
        update: (update) => client.notify(methods.client.session.update, { sessionId, update }),
        requestPermission: asksPermission
          ? (toolCall, options) =>
              client.request(methods.client.session.requestPermission, { sessionId, toolCall, options })
          : null,
        said: (message) => store.append(sessionId, { type: 'agent', text: message }),
      });
    } finally {
      session.turn = null;
    }
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => sessions.get(params.sessionId)?.turn?.abort());

function textOf(prompt: readonly ContentBlock[]): string {
  return prompt.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

/** The client is gone, or wants us gone: nothing we started may outlive us. */
async function leave(exitCode: number): Promise<never> {
  for (const session of sessions.values()) session.turn?.abort();
  await endPrograms();
  process.exit(exitCode);
}

process.once('SIGTERM', () => void leave(143));
process.once('SIGINT', () => void leave(130));
process.once('SIGHUP', () => void leave(129));
// The client may leave in the middle of a message of ours.
process.stdout.on('error', () => void leave(0));

const stdin = Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>;
const connection = app.connect(ndJsonStream(Writable.toWeb(process.stdout), stdin));
void connection.closed.then(() => leave(0));
