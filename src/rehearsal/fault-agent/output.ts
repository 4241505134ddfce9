import { setTimeout as delay } from 'node:timers/promises';
import type { Wire } from './script.ts';

/** Stdout of the agent: one message at a time, in order, with the oddities of `wire`, waiting while the client is slow. */
export class Output {
  wire: Wire;
  #tail: Promise<void> = Promise.resolve();
  #updates = 0;
  #written = 0;
  /** An update that waits for the next one, to go after it. */
  #held: string | null = null;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  /** Queues one JSON-RPC message; settles when it was given to the system. */
  message(body: Readonly<Record<string, unknown>>): Promise<void> {
    const wire = this.wire;
    let message: Record<string, unknown> = wire.omitJsonrpc === true ? { ...body } : { jsonrpc: '2.0', ...body };
    const isAnswer = !('method' in body);
    if (isAnswer && wire.idsAsStrings === true) message = { ...message, id: String(message['id']) };
    if (isAnswer && wire.errorNull === true && 'result' in body) message = { ...message, error: null };
    const line = JSON.stringify(message) + (wire.crlf === true ? '\r\n' : '\n');
    const text = isAnswer && wire.answerTwice === true ? line + line : line;
    const bom = wire.bom === true ? '\ufeff' : '';
    if (wire.bom === true) this.wire = { ...wire, bom: false };
    const noise = wire.noise === undefined ? '' : `${wire.noise}\n`;
    const sent = bom + noise + (body['method'] === 'session/update' ? this.#bent(text, wire) : this.#released(text));
    if (wire.delayMs !== undefined && wire.delayMs > 0) this.#tail = this.#tail.then(() => delay(wire.delayMs));
    return this.bytes(Buffer.from(sent));
  }

  /** What becomes of an update. */
  #bent(text: string, wire: Wire): string {
    this.#updates += 1;
    if (wire.dropEvery !== undefined && this.#updates % wire.dropEvery === 0) return '';
    if (wire.duplicate === true) return text + text;
    if (wire.reorder !== true) return text;
    if (this.#held !== null) return text + this.#released('');
    this.#held = text;
    return '';
  }

  /** An update that still waits goes before anything that is none: it is late, not lost. */
  #released(text: string): string {
    const held = this.#held ?? '';
    this.#held = null;
    return held + text;
  }

  /** Queues bytes as they are. */
  bytes(bytes: Buffer): Promise<void> {
    const size = this.wire.chunkBytes ?? bytes.length;
    this.#tail = this.#tail.then(async () => {
      for (let at = 0; at < bytes.length; at += size) await this.#write(bytes.subarray(at, at + size));
    });
    return this.#tail;
  }

  async #write(piece: Buffer): Promise<void> {
    const left = (this.wire.dieAtByte ?? Infinity) - this.#written;
    this.#written += piece.length;
    if (piece.length < left) return write(piece);
    await write(piece.subarray(0, left));
    process.kill(process.pid, 'SIGKILL');
  }

  /** Everything queued so far has left. */
  flushed(): Promise<void> {
    return this.#tail;
  }
}

// The callback comes when the system took the bytes: the next piece is a write of its own, and a full pipe waits.
const write = (bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(bytes, () => resolve());
  });
