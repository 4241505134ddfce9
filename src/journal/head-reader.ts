const QUOTE = 0x22;
const ZERO = 0x30;
const NULL = Buffer.from('null');

/**
 * Reads the prefix of a transcript's line byte by byte: there are a million of them, and an expression would make a text
 * of each field of each. Where something is missing, `at` goes behind the end, and nothing is found from then on.
 */
export class HeadReader {
  readonly #line: Buffer;
  /** The place of the next byte. */
  at = 0;

  constructor(line: Buffer) {
    this.#line = line;
  }

  word(expected: Buffer): void {
    const line = this.#line;
    const from = this.at;
    for (let next = 0; next < expected.length; next += 1) if (line[from + next] !== expected[next]) return this.#miss();
    this.at = from + expected.length;
  }

  /** Digits, at least one. */
  number(): number {
    const line = this.#line;
    let value = 0;
    let end = this.at;
    for (let digit = (line[end] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (line[end] ?? 0) - ZERO) {
      value = 10 * value + digit;
      end += 1;
    }
    if (end === this.at) this.#miss();
    else this.at = end;
    return value;
  }

  /** Eight digits of a hexadecimal number, in lower case. */
  checksum(): number {
    const line = this.#line;
    let value = 0;
    for (const end = this.at + 8; this.at < end; this.at += 1) {
      const byte = line[this.at] ?? 0;
      if (byte >= 0x30 && byte <= 0x39) value = (value << 4) | (byte - ZERO);
      else if (byte >= 0x61 && byte <= 0x66) value = (value << 4) | (byte - 0x57);
      else {
        this.#miss();
        break;
      }
    }
    return value >>> 0;
  }

  /** An id in quotes, or null. @param likely returned as it is when it is the one that stands there */
  id(likely: string | null): string | null {
    const line = this.#line;
    if (line[this.at] !== QUOTE) {
      this.word(NULL);
      return null;
    }
    const from = this.at + 1;
    if (likely !== null && isText(line, from, likely) && line[from + likely.length] === QUOTE) {
      this.at = from + likely.length + 1;
      return likely;
    }
    let to = from;
    while (isIdByte(line[to] ?? 0)) to += 1;
    if (line[to] !== QUOTE) {
      this.#miss();
      return null;
    }
    this.at = to + 1;
    return line.toString('latin1', from, to);
  }

  #miss(): void {
    this.at = this.#line.length + 1;
  }
}

/** Ids are ULIDs with a short prefix: nothing in them needs unescaping. */
const isIdByte = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  byte === 0x2d ||
  byte === 0x5f;

function isText(bytes: Buffer, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[from + at] !== text.charCodeAt(at)) return false;
  return true;
}
