import { fstatSync, writeSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { ByteText } from '../text/byte-text.ts';
import type { Output } from './io.ts';

/** More than this is handed over at once: as much as a pipe holds. */
const GATHERED_BYTES = 64 * 1024;
/** As much as a pipe takes whether or not somebody reads: what waits for its reader must not keep us from a Ctrl-C. */
const PLAIN_BYTES = 64 * 1024;
/** So much may wait for a slow reader before who prints shall wait, too. */
const WAITING_BYTES = 256 * 1024;

/** One of the process's own streams. Node opens it when it is first looked at, which takes a tenth of a short command. */
export interface OwnStream {
  readonly fd: 1 | 2;
  readonly open: () => NodeJS.WriteStream;
}

/**
 * A stream of this process without exceptions: after its first failure, which `onFailure` hears of, nothing more is
 * written. What is written in one turn of the event loop goes to the system in one call: `log` prints a million lines,
 * and such a call costs more than making the line does. What is short goes to a file or a pipe without Node's stream.
 */
export class ProcessOutput implements Output {
  readonly #own: OwnStream;
  readonly #onFailure: (error: Error) => void;
  readonly #before: ProcessOutput | null;
  #stream: NodeJS.WriteStream | null = null;
  #isPlain: boolean | null = null;
  #plainBytes = 0;
  readonly #gathered = new ByteText();
  #due: NodeJS.Immediate | null = null;
  #gone = false;

  /** @param before what was written to it earlier goes out earlier: both may be one terminal. */
  constructor(own: OwnStream, onFailure: (error: Error) => void, before: ProcessOutput | null = null) {
    this.#own = own;
    this.#onFailure = onFailure;
    this.#before = before;
  }

  get isTTY(): boolean {
    return !this.#isFileOrPipe && this.#opened().isTTY;
  }

  get columns(): number | undefined {
    return this.isTTY ? this.#opened().columns : undefined;
  }

  write(text: string): void {
    this.compose((gathered) => gathered.text(text));
  }

  compose(add: (text: ByteText) => void): void {
    if (this.#gone) return;
    this.#before?.flush();
    add(this.#gathered);
    if (this.#before !== null || this.#gathered.length >= GATHERED_BYTES) this.flush();
    else this.#due ??= setImmediate(() => this.flush());
  }

  room(): Promise<void> | null {
    const stream = this.#stream;
    if (this.#gone || stream === null || stream.writableLength < WAITING_BYTES) return null;
    return new Promise((resolve) => {
      const done = (): void => {
        stream.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      stream.on('drain', done).on('close', done).on('error', done);
    });
  }

  /** Hands over what was gathered. */
  flush(): void {
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    const { length } = this.#gathered;
    if (length === 0 || this.#gone) return;
    const bytes = this.#gathered.taken();
    this.#plainBytes += length;
    const plain = this.#stream === null && this.#plainBytes <= PLAIN_BYTES && this.#isFileOrPipe;
    if (plain) this.#writePlainly(bytes);
    else this.#opened().write(bytes);
  }

  /** Resolves when everything is handed over, or when that failed. */
  async settle(): Promise<void> {
    this.flush();
    const stream = this.#stream;
    if (this.#gone || stream === null) return;
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
    // The failure of a write is told after its callback.
    await new Promise((resolve) => setImmediate(resolve));
  }

  get #isFileOrPipe(): boolean {
    return (this.#isPlain ??= isFileOrPipe(this.#own.fd));
  }

  #writePlainly(bytes: Buffer): void {
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.#own.fd, bytes, written);
      } catch (error) {
        // Another process that shares the pipe made it refuse to wait; Node's stream knows how to.
        if (systemCode(error) === 'EAGAIN') this.#opened().write(bytes.subarray(written));
        else this.#fail(error);
        return;
      }
    }
  }

  #opened(): NodeJS.WriteStream {
    if (this.#stream !== null) return this.#stream;
    this.#stream = this.#own.open();
    this.#stream.on('error', (error: Error) => this.#fail(error));
    return this.#stream;
  }

  #fail(error: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Of devices, terminals among them, and of what was closed, Node knows more. */
function isFileOrPipe(fd: number): boolean {
  try {
    const found = fstatSync(fd);
    return found.isFile() || found.isFIFO() || found.isSocket();
  } catch {
    return false;
  }
}
