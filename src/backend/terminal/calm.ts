import type { Clock } from '../../clock.ts';

/** How long a text has stayed the same. */
export class Calm {
  readonly #clock: Clock;
  #text: string | null = null;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In ms; 0 when it changed. */
  see(text: string): number {
    const now = this.#clock.monotonic();
    if (text !== this.#text) {
      this.#text = text;
      this.#since = now;
      return 0;
    }
    return now - this.#since;
  }
}

export const pauseFor = (ms: number, clock: Clock): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));
