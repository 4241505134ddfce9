import type { Output } from './io.ts';

/** More than this is handed over at once: as much as a pipe holds. */
const GATHERED_CHARS = 64 * 1024;

/**
 * A stream of this process without exceptions: after its first failure, which `onFailure` hears of, nothing more is
 * written. What is written in one turn of the event loop goes to the system in one call: `log` prints a million lines,
 * and such a call costs more than making the line does.
 */
export class ProcessOutput implements Output {
  readonly #stream: NodeJS.WriteStream;
  readonly #before: ProcessOutput | null;
  #pieces = '';
  #due: NodeJS.Immediate | null = null;
  #gone = false;

  /** @param before what was written to it earlier goes out earlier: both may be one terminal. */
  constructor(stream: NodeJS.WriteStream, onFailure: (error: Error) => void, before: ProcessOutput | null = null) {
    this.#stream = stream;
    this.#before = before;
    stream.on('error', (error: Error) => {
      if (this.#gone) return;
      this.#gone = true;
      onFailure(error);
    });
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number | undefined {
    return this.#stream.isTTY ? this.#stream.columns : undefined;
  }

  write(text: string): void {
    this.#before?.flush();
    this.#pieces += text;
    if (this.#before !== null || this.#pieces.length >= GATHERED_CHARS) this.flush();
    else this.#due ??= setImmediate(() => this.flush());
  }

  /** Hands over what was gathered. */
  flush(): void {
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    const text = this.#pieces;
    this.#pieces = '';
    if (text !== '' && !this.#gone) this.#stream.write(text);
  }

  /** Resolves when everything is handed over, or when that failed. */
  async settle(): Promise<void> {
    this.flush();
    if (this.#gone) return;
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
    // The failure of a write is told after its callback.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
