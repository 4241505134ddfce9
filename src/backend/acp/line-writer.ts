import type { Writable } from 'node:stream';

/** Replies that may wait for an agent that does not read, before we stop reading from it as well. */
const MAX_UNSENT_REPLIES = 64;

/** The agent's stdin: one JSON object per line. Survives a pipe that breaks; what is written after is lost. */
export class LineWriter {
  readonly #stream: Writable;
  readonly #waiting: (() => void)[] = [];
  #unsentReplies = 0;
  #ended = false;

  /** The stream must have an error listener: a broken pipe is learnt from the agent's exit, not from here. */
  constructor(stream: Writable) {
    this.#stream = stream;
  }

  send(message: object): void {
    this.#write(message, () => {});
  }

  /** As `send`, for what the agent's own requests make us write: an agent can ask faster than it reads. */
  reply(message: object): void {
    this.#unsentReplies += 1;
    this.#write(message, () => {
      this.#unsentReplies -= 1;
      if (this.#unsentReplies < MAX_UNSENT_REPLIES) for (const resume of this.#waiting.splice(0)) resume();
    });
  }

  /** Null when there is room for more replies; else a promise for it. */
  room(): Promise<void> | null {
    if (this.#unsentReplies < MAX_UNSENT_REPLIES) return null;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Closes stdin after everything written so far. Safe to call twice. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.end();
  }

  #write(message: object, done: () => void): void {
    if (this.#ended || !this.#stream.writable) done();
    // Called in every case, also when the pipe broke.
    else this.#stream.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n', done);
  }
}
