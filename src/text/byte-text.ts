const FIRST_BYTES = 4 * 1024;
const MAX_FIRST_BYTES = 128 * 1024;
/** Shorter pieces are copied byte by byte: to have them copied for us costs more than doing it. */
const SHORT_BYTES = 24;
const DIGITS = '0'.charCodeAt(0);
const NOTHING = Buffer.alloc(0);

/**
 * UTF-8 text that is put together from pieces, most of which are bytes already: to make strings of them only to encode
 * these again is most of the work of printing a million lines.
 */
export class ByteText {
  #bytes: Buffer = NOTHING;
  #length = 0;
  #nextBytes = FIRST_BYTES;

  get length(): number {
    return this.#length;
  }

  /** What was added so far, until something more is. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** As `bytes`, but they stay as they are: what is added from now on is another text. */
  taken(): Buffer {
    const { bytes } = this;
    this.#bytes = NOTHING;
    this.#length = 0;
    return bytes;
  }

  /** Takes back everything behind the first `length` bytes. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  text(piece: string): void {
    // A unit of UTF-16 takes three bytes at most.
    if (this.#length + 3 * piece.length > this.#bytes.length) this.#room(Buffer.byteLength(piece));
    this.#length += this.#bytes.write(piece, this.#length);
  }

  /** @param from of the bytes that count, up to before `to` */
  copy(piece: Uint8Array, from = 0, to = piece.length): void {
    const length = to - from;
    this.#room(length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (length > SHORT_BYTES) bytes.set(from === 0 && to === piece.length ? piece : piece.subarray(from, to), at);
    else for (let next = 0; next < length; next += 1) bytes[at + next] = piece[from + next] ?? 0;
    this.#length = at + length;
  }

  /** A whole number from 0 on. */
  count(value: number): void {
    if (value > 0x7fffffff) {
      this.text(String(value));
      return;
    }
    this.#room(10);
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits += 1;
    const end = this.#length + digits;
    for (let at = end - 1, rest = value | 0; at >= this.#length; at -= 1) {
      const next = (rest / 10) | 0;
      this.#bytes[at] = DIGITS + rest - 10 * next;
      rest = next;
    }
    this.#length = end;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length, this.#nextBytes));
    this.bytes.copy(larger);
    this.#bytes = larger;
    // A text of megabytes is rare: the next one begins with less.
    this.#nextBytes = Math.min(larger.length, MAX_FIRST_BYTES);
  }
}
