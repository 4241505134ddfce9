import type { ByteText } from '../text/byte-text.ts';
import { safeJson } from '../views/json-text.ts';
import { plain, toned, type Line, type Tone } from '../views/tone.ts';
import { paintLine, usesColour } from './colours.ts';
import type { Io } from './io.ts';

/** Results go to stdout, everything else to stderr. With `--json` stdout holds JSON and nothing else. */
export class Printer {
  readonly json: boolean;
  readonly #io: Io;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.json = json;
  }

  /** Width to lay text out for: the terminal's, or a fixed one, so that a pipe always gets the same. */
  get width(): number {
    return this.#io.stdout.columns ?? 120;
  }

  /** A line of the result, for people. Silent with `--json`. */
  result(line: Line | string): void {
    if (this.json) return;
    this.#io.stdout.write(`${this.#painted(line, 'stdout')}\n`);
  }

  results(lines: readonly Line[]): void {
    for (const line of lines) this.result(line);
  }

  /** Text of the result that is already safe and comes in pieces. */
  raw(text: string): void {
    this.#io.stdout.write(text);
  }

  /** One JSON document: indented, because it is also read by people. */
  document(value: object): void {
    this.#io.stdout.write(`${safeJson(value, 2)}\n`);
  }

  /** One line of a JSON stream. */
  record(value: object): void {
    this.#io.stdout.write(`${safeJson(value)}\n`);
  }

  /** Lines of a JSON stream that `add` puts together. */
  compose(add: (lines: ByteText) => void): void {
    this.#io.stdout.compose(add);
  }

  /** Something to know that is not the result. */
  note(line: Line | string, tone?: Tone): void {
    const toneLine = typeof line === 'string' && tone !== undefined ? toned(tone, line) : line;
    this.#io.stderr.write(`${this.#painted(toneLine, 'stderr')}\n`);
  }

  #painted(line: Line | string, stream: 'stdout' | 'stderr'): string {
    return paintLine(typeof line === 'string' ? plain(line) : line, usesColour(this.#io[stream], this.#io.env));
  }
}
