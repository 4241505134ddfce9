import { Reader } from './reader.ts';
import { text, type Word } from './syntax.ts';
import { readDoubleQuoted, readWord, type Nested } from './word.ts';

/** Whatever the body of a here-document is given to. */
export interface TakesInput {
  input: Word | null;
}

interface Pending {
  readonly delimiter: string;
  readonly stripsTabs: boolean;
  readonly isLiteral: boolean;
  readonly command: TakesInput;
}

/** Here-documents that were announced on this line, and whose bodies follow it. */
export class Heredocs {
  readonly #nested: Nested;
  #pending: Pending[] = [];

  constructor(nested: Nested) {
    this.#nested = nested;
  }

  /** Reads the delimiter behind `<<`. */
  announce(reader: Reader, stripsTabs: boolean, command: TakesInput): void {
    reader.match(/[ \t]+/y);
    const word = readWord(reader, this.#nested);
    const delimiter = word.map((part) => (part.type === 'text' || part.type === 'brace' ? part.text : '')).join('');
    const isLiteral = word.some((part) => part.type === 'text' && part.quoted);
    this.#pending.push({ delimiter, stripsTabs, isLiteral, command });
  }

  isAwaitedBy(command: TakesInput): boolean {
    return this.#pending.some((heredoc) => heredoc.command === command);
  }

  /** Bodies follow the line that announced them, in order. */
  readBodies(reader: Reader): void {
    for (const { delimiter, stripsTabs, isLiteral, command } of this.#pending) {
      const lines: string[] = [];
      while (!reader.done) {
        const line = reader.until('\n');
        const content = stripsTabs ? line.replace(/^\t+/, '') : line;
        if (content === delimiter) break;
        lines.push(content);
      }
      const body = lines.map((line) => `${line}\n`).join('');
      command.input = isLiteral ? [text(body)] : readDoubleQuoted(new Reader(body), this.#nested, '');
    }
    this.#pending = [];
  }

  /** At the end of a script: their bodies never came. */
  forget(): void {
    this.#pending = [];
  }
}
