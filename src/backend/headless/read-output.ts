import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../clock.ts';
import { oneLine } from '../../text/sanitize.ts';
import { beginningOf } from '../../text/cut.ts';
import type { BackendNotice } from '../backend.ts';
import { LineFramer, parseLine, type Framed } from '../acp/lines.ts';
import { Litter } from '../acp/litter.ts';
import { message, type StreamReader, type Told } from './told.ts';

/** How long nothing may come from a pipe whose agent is gone, before it counts as held open by something else. */
const HELD_PIPE_MS = 1_000;
const MAX_SAMPLE_CHARS = 200;

export interface OutputListener {
  /** In order; a returned promise is awaited before more is read. */
  told(told: Told): void | Promise<void>;
  notice(notice: BackendNotice): void;
}

/** What a headless agent prints, read to its end with back-pressure. */
export class OutputReader {
  readonly #stream: Readable;
  readonly #reader: StreamReader | null;
  readonly #listener: OutputListener;
  /** When it began to wait for data; null while what came is taken in. */
  #waitingSince: number | null = null;

  /** @param reader null: what is printed is the answer itself, not events. */
  constructor(stream: Readable, reader: StreamReader | null, listener: OutputListener) {
    this.#stream = stream;
    this.#reader = reader;
    this.#listener = listener;
  }

  /** Settles when the last byte has been taken in. Never rejects because of the stream. */
  async read(): Promise<void> {
    const framer = new LineFramer();
    const litter = new Litter();
    const decoder = new TextDecoder();
    this.#waitingSince = monotonicMs();
    try {
      for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
        this.#waitingSince = null;
        if (this.#reader === null) await this.#tell(message(decoder.decode(chunk, { stream: true }), null));
        else
          for (const framed of framer.push(chunk)) {
            await this.#line(this.#reader, framed);
            litter.add(framed);
          }
        this.#waitingSince = monotonicMs();
      }
    } catch {
      // Destroyed because something else held it open, or broken: what came has been told.
    }
    this.#waitingSince = null;
    if (this.#reader === null) await this.#tell(message(decoder.decode(), null));
    else for (const framed of framer.end()) await this.#line(this.#reader, framed);
  }

  /** To be called after the agent's exit: ends the reading when something that it left behind holds the pipe open. */
  async giveUpHeldPipe(): Promise<void> {
    while (!this.#stream.destroyed && !this.#stream.readableEnded) {
      const since = this.#waitingSince;
      if (since !== null && monotonicMs() - since >= HELD_PIPE_MS) this.#stream.destroy();
      else await delay(HELD_PIPE_MS / 20);
    }
  }

  async #line(reader: StreamReader, framed: Framed): Promise<void> {
    if (framed.type === 'too-long') {
      this.#listener.notice({ type: 'line-dropped', bytes: framed.byteCount, why: 'too-long' });
      return;
    }
    const parsed = parseLine(framed.bytes);
    switch (parsed.type) {
      case 'json':
        return this.#tell(reader(parsed.value));
      case 'too-deep':
        this.#listener.notice({ type: 'line-dropped', bytes: framed.bytes.length, why: 'too-deep' });
        return;
      case 'not-json': {
        const sample = oneLine(beginningOf(framed.bytes.toString('utf8'), MAX_SAMPLE_CHARS), MAX_SAMPLE_CHARS);
        if (framed.terminated) this.#listener.notice({ type: 'noise', lines: 1, sample });
        else this.#listener.notice({ type: 'line-dropped', bytes: framed.bytes.length, why: 'torn' });
      }
    }
  }

  async #tell(all: readonly Told[]): Promise<void> {
    for (const told of all) await this.#listener.told(told);
  }
}
