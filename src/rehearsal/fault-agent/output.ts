import type { Wire } from './script.ts';

/** Stdout of the agent: one message at a time, in order, with the oddities of `wire`, waiting while the client is slow. */
export class Output {
  wire: Wire;
  #tail: Promise<void> = Promise.resolve();

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
    return this.bytes(Buffer.from(bom + text));
  }

  /** Queues bytes as they are. */
  bytes(bytes: Buffer): Promise<void> {
    const size = this.wire.chunkBytes ?? bytes.length;
    this.#tail = this.#tail.then(async () => {
      for (let at = 0; at < bytes.length; at += size) await write(bytes.subarray(at, at + size));
    });
    return this.#tail;
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
