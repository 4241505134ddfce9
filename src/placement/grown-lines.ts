import { closeSync, openSync, readSync } from 'node:fs';
import { LOG_BEFORE, sizeOf } from '../tmux/run-directory.ts';

/** Read at a time; a terminal that prints faster is read again at once. */
const MAX_READ_BYTES = 1024 * 1024;
/** A line that never ends is looked at in pieces. */
const MAX_REST_CHARS = 64 * 1024;

/** The lines that a growing file has got since the last look; an unfinished one is among them, and comes again. */
export class GrownLines {
  readonly #file: string;
  #from: number;
  #rest = '';

  constructor(file: string, from: number) {
    this.#file = file;
    this.#from = from;
  }

  next(): readonly string[] {
    const size = sizeOf(this.#file);
    if (size < this.#from) {
      // It was cut: what was not read yet stands where it stood, in the part that was put aside. The rest is all new.
      const missed = this.#read(`${this.#file}${LOG_BEFORE}`, sizeOf(`${this.#file}${LOG_BEFORE}`));
      if (missed.length > 0) return missed;
      this.#from = 0;
    }
    return this.#read(this.#file, size);
  }

  #read(name: string, size: number): readonly string[] {
    const bytes = Buffer.alloc(Math.min(MAX_READ_BYTES, Math.max(0, size - this.#from)));
    if (bytes.length === 0) return [];
    const file = openSync(name, 'r');
    let read: number;
    try {
      read = readSync(file, bytes, 0, bytes.length, this.#from);
    } finally {
      closeSync(file);
    }
    this.#from += read;
    const lines = (this.#rest + bytes.toString('utf8', 0, read)).split(/\r\n|\n|\r/);
    this.#rest = (lines.at(-1) ?? '').slice(-MAX_REST_CHARS);
    return lines;
  }
}
