import { collectGarbage } from '../../process/collect-garbage.ts';
import type { Framed } from './lines.ts';

/** A line of this size is parsed, looked through and written as texts and copies of its size. */
const LARGE_LINE_BYTES = 256 * 1024;
/**
 * So much of them is collected at once. Left to the collector, ten lines of 2 MB took a host from 62 to 120 MiB; collected,
 * to 96.
 */
const MUCH_BYTES = 1024 * 1024;

/** What large lines leave behind. */
export class Litter {
  #bytes = 0;

  /** To be called when nobody needs the line any more. */
  add(framed: Framed): void {
    if (framed.type !== 'line' || framed.bytes.length < LARGE_LINE_BYTES) return;
    this.#bytes += framed.bytes.length;
    if (this.#bytes < MUCH_BYTES) return;
    this.#bytes = 0;
    collectGarbage();
  }
}
