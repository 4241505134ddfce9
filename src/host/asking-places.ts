import { Turnstile } from './turnstile.ts';

/** What a turn holds so that others cannot have it: the agents' lock, a slot. */
export interface LentPlace {
  /** Gives it to others, if the turn holds it. */
  lend(): Promise<void>;
  /** Takes again what was lent, waiting where others have it; nothing when the turn itself has given it up meanwhile. */
  takeBack(signal: AbortSignal): Promise<void>;
}

/**
 * Lends a turn's places to others while people are asked, who may be asleep. An agent may ask several things at once: the
 * first answer lets it go on, so the places are back before it gets that, whatever else is still asked; and they stay
 * until nothing is, for it works meanwhile.
 */
export class AskingPlaces {
  readonly #places: readonly LentPlace[];
  /** All of them are lent, or taken back, before the other begins: an answer may come while they are being lent. */
  readonly #turnstile = new Turnstile();
  #asking = 0;

  /** @param places in the order in which they are lent; they are taken back from the last to the first. */
  constructor(places: readonly LentPlace[]) {
    this.#places = places;
  }

  /** Waits for `ask` without the places. `signal`: the turn is over, and nothing needs to be had again. */
  async without<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const isFirst = this.#asking === 0;
    this.#asking += 1;
    try {
      if (isFirst) await this.#turnstile.pass(() => this.#lend());
      const answer = await ask();
      await this.goOn(signal);
      return answer;
    } finally {
      this.#asking -= 1;
    }
  }

  /** Resolves when the agent may get an answer. */
  goOn(signal: AbortSignal): Promise<void> {
    return this.#turnstile.pass(async () => {
      for (const place of this.#places.toReversed()) if (!signal.aborted) await place.takeBack(signal);
    });
  }

  async #lend(): Promise<void> {
    for (const place of this.#places) await place.lend();
  }
}
