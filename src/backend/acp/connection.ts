import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { beginningOf } from '../../text/cut.ts';
import type { BackendNotice } from '../backend.ts';
import { isObject } from './json.ts';
import { LineFramer, parseLine, type Framed } from './lines.ts';
import { Litter } from './litter.ts';
import type { LineWriter } from './line-writer.ts';
import { classify, envelopeOf, errorText, oddityText, type Message, type RpcError, type RpcId } from './message.ts';

export type Answer =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: RpcError }
  /** There will be none: the agent is gone, or its answer could not be read. */
  | { readonly type: 'lost'; readonly why: string };

export type Reply = { readonly result: unknown } | { readonly error: RpcError };

/** A line as it came, its bytes and the text they stand for. */
export interface RawLine {
  readonly raw: Buffer;
  readonly text: string;
}

export interface ConnectionListener {
  /** Called in arrival order; a returned promise is awaited before the next line is looked at. `line`: all of it. */
  notification(method: string, params: unknown, line: RawLine): void | Promise<void>;
  /**
   * As above, so await only what must be in order. `reply` may be called later, from anywhere; the first call counts.
   * `signal` aborts when the agent withdraws the request or is gone: a reply is still owed then.
   */
  request(method: string, params: unknown, reply: (reply: Reply) => void, signal: AbortSignal): void | Promise<void>;
  notice(notice: BackendNotice): void;
}

/** After the agent's exit, how long its pipe may stay silent but open (held by something it started). */
const HELD_PIPE_MS = 250;
const SAMPLE_CHARS = 200;
const SAMPLE_BYTES = 1024;
/** A connection that is odd in more ways, or drops more lines, is not told about any further. */
const MAX_ODDITIES = 32;
const MAX_DROPPED_TOLD = 100;

/**
 * JSON-RPC 2.0 over a pair of byte streams, with an agent that may write anything. Messages are handled strictly in the
 * order they came; while a listener is busy nothing more is read, so the agent's pipe is the queue. Nothing here
 * rejects: an answer that will not come is `lost`.
 */
export class Connection {
  readonly #writer: LineWriter;
  readonly #listener: ConnectionListener;
  readonly #calls = new Map<string, (answer: Answer) => void>();
  readonly #running = new Map<string, AbortController>();
  readonly #told = new Set<string>();
  // A log line with `"id":0` must not look like an answer to us.
  #nextId = 1_000_000 + Math.floor(Math.random() * 2_000_000_000);
  #lost: string | null = null;
  #droppedLines = 0;
  #noiseLines = 0;
  #noiseTold = 0;
  #noiseSample = '';
  #waitingSince: number | null = null;

  constructor(writer: LineWriter, listener: ConnectionListener) {
    this.#writer = writer;
    this.#listener = listener;
  }

  /** Why nothing can be sent any more; null while it can. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Sends a request. `onAnswer` is called once, in arrival order with all other messages, within the same step. */
  call(method: string, params: object, onAnswer: (answer: Answer) => void): void {
    if (this.#lost !== null) {
      onAnswer({ type: 'lost', why: this.#lost });
      return;
    }
    const id = this.#nextId++;
    this.#calls.set(String(id), onAnswer);
    this.#writer.send({ id, method, params });
  }

  request(method: string, params: object): Promise<Answer> {
    return new Promise((resolve) => this.call(method, params, resolve));
  }

  notify(method: string, params: object): void {
    if (this.#lost === null) this.#writer.send({ method, params });
  }

  /** Reads until the stream ends, breaks, or a listener throws. Settles with why, null at the plain end. Call once. */
  async read(stream: Readable): Promise<string | null> {
    const framer = new LineFramer();
    let why: string | null = null;
    const litter = new Litter();
    try {
      this.#waitingSince = monotonicMs();
      for await (const chunk of stream) {
        this.#waitingSince = null;
        if (!Buffer.isBuffer(chunk)) throw new TypeError('the stream must be one of bytes');
        for (const framed of framer.push(chunk)) {
          const busy = this.#handle(framed);
          if (busy !== undefined) await busy;
          litter.add(framed);
        }
        this.#waitingSince = monotonicMs();
      }
      for (const framed of framer.end()) await this.#handle(framed);
    } catch (error) {
      // A stream that we destroyed ourselves ends like this too; both are an end.
      if (!stream.destroyed || this.#waitingSince === null) why = messageOf(error);
    }
    this.#waitingSince = null;
    this.#tellNoise(true);
    return why;
  }

  /** To be called after the agent's exit: ends the reading when something that it left behind holds the pipe open. */
  async giveUpHeldPipe(stream: Readable): Promise<void> {
    while (!stream.destroyed && !stream.readableEnded) {
      const since = this.#waitingSince;
      if (since !== null && monotonicMs() - since >= HELD_PIPE_MS) stream.destroy();
      else await delay(HELD_PIPE_MS / 5);
    }
  }

  /** The connection is over: every call is answered `lost`, every request of the agent withdrawn. Safe to call twice. */
  lose(why: string): void {
    if (this.#lost !== null) return;
    this.#lost = why;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const onAnswer of calls) onAnswer({ type: 'lost', why });
    for (const controller of this.#running.values()) controller.abort();
  }

  #handle(framed: Framed): void | Promise<void> {
    if (framed.type === 'too-long') {
      this.#dropped(framed.byteCount, 'too-long');
      return this.#answerForDropped(framed.head, 'a line that was too long to read');
    }
    const parsed = parseLine(framed.bytes);
    switch (parsed.type) {
      case 'not-json':
        if (framed.terminated) this.#noise(framed.bytes);
        else this.#dropped(framed.bytes.length, 'torn');
        return;
      case 'too-deep':
        this.#dropped(framed.bytes.length, 'too-deep');
        return this.#answerForDropped(framed.bytes.subarray(0, 1024), 'a line that was nested too deeply');
      case 'json': {
        const message = classify(parsed.value);
        if (!parsed.isUtf8) {
          // Somebody waits for an answer or a reply; a damaged character in it is the smaller harm.
          if (message.type === 'notification') {
            this.#dropped(framed.bytes.length, 'bad-utf8');
            return;
          }
          this.#odd('not-utf8');
        }
        return this.#dispatch(message, { raw: framed.bytes, text: parsed.text });
      }
    }
  }

  #dispatch(message: Message, line: RawLine): void | Promise<void> {
    if (message.type === 'noise') {
      this.#noise(line.raw);
      return;
    }
    for (const oddity of message.oddities) this.#odd(oddity);
    switch (message.type) {
      case 'notification':
        if (message.method === '$/cancel_request') {
          const id = isObject(message.params) ? message.params['requestId'] : undefined;
          if (typeof id === 'string' || typeof id === 'number') this.#running.get(String(id))?.abort();
          return;
        }
        return this.#listener.notification(message.method, message.params, line);
      case 'request':
        return this.#request(message.id, message.method, message.params);
      case 'result':
        this.#answer(message.id, { type: 'result', result: message.result });
        return;
      case 'error':
        if (message.id === null)
          this.#tellOnce(`reports an error: ${beginningOf(errorText(message.error), SAMPLE_CHARS)}`);
        else this.#answer(message.id, { type: 'error', error: message.error });
    }
  }

  async #request(id: RpcId, method: string, params: unknown): Promise<void> {
    // An agent that asks and asks but never reads: wait here instead of growing.
    const room = this.#writer.room();
    if (room !== null) await room;
    const controller = new AbortController();
    const key = String(id);
    this.#running.set(key, controller);
    let replied = false;
    const reply = (body: Reply): void => {
      if (replied) return;
      replied = true;
      if (this.#running.get(key) === controller) this.#running.delete(key);
      this.#writer.reply({ id, ...body });
    };
    await this.#listener.request(method, params, reply, controller.signal);
  }

  #answer(id: RpcId, answer: Answer): void {
    const key = String(id);
    const onAnswer = this.#calls.get(key);
    if (onAnswer === undefined) {
      this.#odd('not-asked');
      return;
    }
    if (typeof id === 'string') this.#odd('id-as-text');
    this.#calls.delete(key);
    onAnswer(answer);
  }

  /** A skipped line may be what someone waits for: tell them, or they wait until their deadline. */
  #answerForDropped(head: Buffer, what: string): void {
    const { id, method } = envelopeOf(head);
    if (id === null) return;
    if (method !== null) this.#writer.reply({ id, error: { code: -32600, message: `${what} was skipped` } });
    else if (this.#calls.has(String(id))) this.#answer(id, { type: 'lost', why: `the answer was ${what}` });
  }

  #noise(bytes: Buffer): void {
    this.#noiseLines += 1;
    this.#noiseSample = beginningOf(bytes.subarray(0, SAMPLE_BYTES).toString('utf8'), SAMPLE_CHARS);
    // At 1, 2, 4, 8 …: an agent that logs everything to stdout must not flood our log.
    if (this.#noiseLines >= 2 * this.#noiseTold) this.#tellNoise(false);
  }

  #tellNoise(atEnd: boolean): void {
    if (atEnd && this.#noiseLines === this.#noiseTold) return;
    this.#noiseTold = this.#noiseLines;
    this.#listener.notice({ type: 'noise', lines: this.#noiseLines, sample: this.#noiseSample });
  }

  #odd(oddity: keyof typeof oddityText): void {
    this.#tellOnce(oddityText[oddity]);
  }

  #tellOnce(what: string): void {
    if (this.#told.has(what) || this.#told.size >= MAX_ODDITIES) return;
    this.#told.add(what);
    this.#listener.notice({ type: 'protocol-oddity', what });
  }

  #dropped(bytes: number, why: 'too-long' | 'bad-utf8' | 'too-deep' | 'torn'): void {
    this.#droppedLines += 1;
    if (this.#droppedLines <= MAX_DROPPED_TOLD) this.#listener.notice({ type: 'line-dropped', bytes, why });
  }
}
