/** The last `maxBytes` of a stream. */
export class ByteTail {
  readonly #maxBytes: number;
  #kept: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Buffer): void {
    // Copied: a view would keep the whole chunk alive.
    this.#kept = Buffer.from(Buffer.concat([this.#kept, bytes.subarray(-this.#maxBytes)]).subarray(-this.#maxBytes));
  }

  /** Never begins inside a character; what is not UTF-8 is replaced. */
  text(): string {
    let from = 0;
    while (from < Math.min(3, this.#kept.length) && ((this.#kept[from] ?? 0) & 0xc0) === 0x80) from += 1;
    return this.#kept.subarray(from).toString('utf8');
  }
}
