import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../../errors.ts';

/** Longer lines are passed over without being held: the agent's adapter may print lines of 64 MiB. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Larger pieces take longer: they no longer fit into the processor's cache. */
const CHUNK_BYTES = 256 * 1024;
/** Enough for the envelope of a record whose line is too long to hold. */
const HEAD_BYTES = 256;

const NOTHING = Buffer.alloc(0);
/** Pieces that are kept to be filled again; a reader that never says so needs none. */
const MAX_KEPT = 4;

export interface Line {
  /** Where it begins in the file. */
  readonly offset: number;
  /** Its length without the newline. */
  readonly bytes: number;
  /** The line without its newline; only its beginning when `whole` is false. Good until `reuse` is called. */
  readonly content: Buffer;
  readonly whole: boolean;
}

/**
 * Reads whole lines of a growing file, never further than a limit, with bounded memory. The file may not exist yet.
 * The caller closes it.
 */
export class LineWindow {
  readonly #path: string;
  #fd: number | null = null;
  /** Offset of the first byte that was not returned. */
  #position: number;
  /** What was read ahead; its bytes from `#from` on are those from `#position` on. */
  #buffer: Buffer = NOTHING;
  #from = 0;
  /** What `#buffer` is the filled part of. */
  #memory: Buffer = NOTHING;
  /** Memory whose lines were all returned, and what may be filled again. */
  readonly #used: Buffer[] = [];
  readonly #free: Buffer[] = [];

  constructor(filePath: string, position = 0) {
    this.#path = filePath;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes in the file now; 0 when there is none. */
  size(): number {
    const fd = this.#open();
    return fd === null ? 0 : fstatSync(fd).size;
  }

  /** The next whole line that ends within `limit`, or null. Advances. */
  next(limit: number): Line | null {
    const fd = this.#open();
    if (fd === null) return null;
    let searched = this.#from;
    for (;;) {
      const newline = this.#buffer.indexOf(10, searched);
      const length = newline - this.#from;
      if (newline >= 0) return this.#position + length + 1 <= limit ? this.#take(length) : null;
      const held = this.#buffer.length - this.#from;
      if (held > MAX_LINE_BYTES) return this.#skipLong(fd, limit);
      if (!this.#fill(fd, limit)) return null;
      searched = held;
    }
  }

  /** Forgets what was read ahead: a torn end may have been cut off and written anew. */
  rewind(): void {
    this.#putAway();
    this.#buffer = NOTHING;
    this.#from = 0;
  }

  /** The lines that were returned are not needed any more: fresh memory for each piece costs as much as reading it. */
  reuse(): void {
    this.#free.push(...this.#used.splice(0, MAX_KEPT - this.#free.length));
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.rewind();
  }

  #open(): number | null {
    if (this.#fd !== null) return this.#fd;
    try {
      this.#fd = openSync(this.#path, 'r');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    return this.#fd;
  }

  #take(length: number): Line {
    const whole = length <= MAX_LINE_BYTES;
    const all = this.#buffer.subarray(this.#from, this.#from + length);
    const content = whole ? all : Buffer.from(all.subarray(0, HEAD_BYTES));
    const line = { offset: this.#position, bytes: length, content, whole };
    this.#from += length + 1;
    this.#position += length + 1;
    return line;
  }

  /** False at the limit or at the end of the file. */
  #fill(fd: number, limit: number): boolean {
    const held = this.#buffer.subarray(this.#from);
    const from = this.#position + held.length;
    if (limit <= from) return false;
    // A long line is read in pieces that grow with it, so that it is not copied again and again.
    const memory =
      held.length < CHUNK_BYTES / 2
        ? (this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES))
        : Buffer.allocUnsafeSlow(2 * held.length + CHUNK_BYTES);
    held.copy(memory);
    const got = readSync(fd, memory, held.length, Math.min(memory.length - held.length, limit - from), from);
    if (got === 0) return false;
    this.#putAway();
    this.#memory = memory;
    this.#buffer = memory.subarray(0, held.length + got);
    this.#from = 0;
    return true;
  }

  #putAway(): void {
    if (this.#memory.length === CHUNK_BYTES && this.#used.length < MAX_KEPT) this.#used.push(this.#memory);
    this.#memory = NOTHING;
  }

  #skipLong(fd: number, limit: number): Line | null {
    const held = this.#buffer.subarray(this.#from);
    const content = Buffer.from(held.subarray(0, HEAD_BYTES));
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let from = this.#position + held.length; from < limit;) {
      const got = readSync(fd, chunk, 0, Math.min(CHUNK_BYTES, limit - from), from);
      if (got === 0) break;
      const newline = chunk.subarray(0, got).indexOf(10);
      if (newline >= 0) {
        const line = { offset: this.#position, bytes: from + newline - this.#position, content, whole: false };
        this.#position = from + newline + 1;
        this.rewind();
        return line;
      }
      from += got;
    }
    return null;
  }
}
