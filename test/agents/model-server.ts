import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageDocument, messageEvents, parseMessagesRequest } from './anthropic-messages.ts';
import { chatDocument, chatEvents, parseChatRequest } from './chat-completions.ts';
import { generateDocument, generateEvents, isGenerate, parseGenerateRequest } from './google-generate-content.ts';
import { pick, type Conversation, type ModelAnswer, type Rule } from './model-script.ts';
import { parseResponsesRequest, responseDocument, responseEvents } from './openai-responses.ts';

export interface ModelServerOptions {
  readonly rules: readonly Rule[];
  /** Called before a request is answered: a place to go away, or to wait for a fact. */
  readonly before?: (seen: SeenRequest) => void | Promise<void>;
  /** It ends by itself after this long, so that a test that is killed leaves nothing that lasts. Default 7 minutes. */
  readonly ttlMs?: number;
  /** An agent in a loop gets no further. Default 200. */
  readonly maxRequests?: number;
}

/** A request as the test sees it. */
export interface SeenRequest {
  /** From 0 on. */
  readonly index: number;
  readonly prompt: string;
  readonly round: number;
  readonly userTexts: number;
  readonly earlier: readonly string[];
  readonly tools: readonly string[];
  /** True once the agent hung up before the answer was whole. */
  aborted: boolean;
}

const TTL_MS = 420_000;
const MAX_REQUESTS = 200;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * A scripted model behind OpenAI's chat completions and responses, Anthropic's messages and Google's generateContent, on
 * a loopback port of its own. `close` it when done.
 */
export class ModelServer {
  readonly port: number;
  readonly requests: SeenRequest[] = [];
  readonly #options: ModelServerOptions;
  readonly #ttl: NodeJS.Timeout;
  #server: Server | null;

  private constructor(options: ModelServerOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#serve(server);
    this.#ttl = setTimeout(() => this.close(), options.ttlMs ?? TTL_MS);
  }

  static async start(options: ModelServerOptions): Promise<ModelServer> {
    return new ModelServer(options, await listen(0));
  }

  /** Without a path, as Anthropic's and Google's clients want it. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What an agent is given as its provider's address. */
  get url(): string {
    return `${this.origin}/v1`;
  }

  get isThere(): boolean {
    return this.#server !== null;
  }

  /** Breaks every connection and refuses new ones, as a network that is lost. Safe to call twice. */
  goAway(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = null;
  }

  /** On the same port again. Rejects when somebody else took it meanwhile. */
  async comeBack(): Promise<void> {
    if (this.#server !== null) return;
    this.#server = await listen(this.port);
    this.#serve(this.#server);
  }

  /** The end. Safe to call twice. */
  close(): void {
    clearTimeout(this.#ttl);
    this.goAway();
  }

  #serve(server: Server): void {
    server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const dialect = request.method === 'POST' ? dialectOf(request.url ?? '') : null;
    if (dialect === null) {
      sendError(response, 404);
      return;
    }
    const asked = dialect(await bodyOf(request));
    const { answer, ...picked } = pick(this.#options.rules, asked.conversation);
    const tools = asked.conversation.tools.map(({ name }) => name);
    const seen: SeenRequest = { index: this.requests.length, ...picked, tools, aborted: false };
    this.requests.push(seen);
    response.once('close', () => (seen.aborted = !response.writableFinished));
    if (this.requests.length > (this.#options.maxRequests ?? MAX_REQUESTS)) {
      this.close();
      return;
    }
    await this.#options.before?.(seen);
    // Agents of one user share it: ids of calls must be unique in a conversation, also in one that is resumed.
    if (!response.destroyed) send(response, answer, asked, `${process.pid}x${this.port}x${seen.index}`);
  }
}

type Message = Extract<ModelAnswer, { type: 'message' }>;

/** A request in whatever protocol, and how it is answered. */
interface Asked {
  readonly conversation: Conversation;
  readonly stream: boolean;
  readonly document: (message: Message, id: string) => object;
  readonly events: (message: Message, id: string) => readonly string[];
}

/** By the path that the agent posts to; null: no protocol that is spoken here. */
function dialectOf(url: string): ((body: string) => Asked) | null {
  const path = url.split('?')[0] ?? '';
  if (isGenerate(path)) {
    return (body) => ({
      ...parseGenerateRequest(body, path),
      document: generateDocument,
      events: generateEvents,
    });
  }
  switch (path) {
    case '/v1/chat/completions':
      return (body) => {
        const { model, ...rest } = parseChatRequest(body);
        const document = (message: Message, id: string): object => chatDocument(message, model, id);
        return { ...rest, document, events: (message, id) => chatEvents(message, model, id) };
      };
    case '/v1/messages':
      return (body) => {
        const { model, ...rest } = parseMessagesRequest(body);
        const document = (message: Message, id: string): object => messageDocument(message, model, id);
        return { ...rest, document, events: (message, id) => messageEvents(message, model, id) };
      };
    case '/v1/responses':
      return (body) => {
        const asked = parseResponsesRequest(body);
        const document = (message: Message, id: string): object => responseDocument(message, asked, id);
        return { ...asked, document, events: (message, id) => responseEvents(message, asked, id) };
      };
    default:
      return null;
  }
}

/** Rejects when the port is taken. */
function listen(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('the request is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: ModelAnswer, { stream, document, events }: Asked, id: string): void {
  if (answer.type === 'error') {
    sendError(response, answer.status);
  } else if (stream) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    for (const event of events(answer, id)) response.write(event);
    if (answer.cut === true) response.socket?.destroySoon();
    else if (!answer.hang) response.end();
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document(answer, id)));
  }
}

function sendError(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ error: { code: status, type: 'scripted_error', message: `scripted error ${status}` } }),
  );
}
