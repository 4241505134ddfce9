import { endOf } from '../../text/cut.ts';

/** The last `maxBytes` of a stream. */
export class ByteTail {
  readonly #maxBytes: number;
  #kept: Buffer = Buffer.alloc(0);
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Buffer): void {
    this.#isCut ||= this.#kept.length + bytes.length > this.#maxBytes;
    // Copied: a view would keep the whole chunk alive.
    this.#kept = Buffer.from(Buffer.concat([this.#kept, bytes.subarray(-this.#maxBytes)]).subarray(-this.#maxBytes));
  }

  /** Never begins inside a character or a word: half a secret would not be found. What is not UTF-8 is replaced. */
  text(): string {
    let from = 0;
    while (from < Math.min(3, this.#kept.length) && ((this.#kept[from] ?? 0) & 0xc0) === 0x80) from += 1;
    const text = this.#kept.subarray(from).toString('utf8');
    return this.#isCut ? endOf(text, text.length - 1) : text;
  }
}
