import type { Clock } from '../clock.ts';

/** Hosts are started a little apart: fifty at once would make each of them late. */
export class Spacing {
  readonly #ms: number;
  readonly #clock: Clock;
  #next = -Infinity;

  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  /** Resolves when it is this caller's turn, in the order of the calls; at once for the first. */
  wait(): Promise<void> {
    const now = this.#clock.monotonic();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#ms;
    return at === now ? Promise.resolve() : new Promise((resolve) => void this.#clock.after(at - now, resolve));
  }
}
