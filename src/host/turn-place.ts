import type { LentPlace } from './asking-places.ts';
import { Turnstile } from './turnstile.ts';

/** A place that is a turn's from its taking to its release, also while it is lent. */
export abstract class TurnPlace implements LentPlace {
  /** One change at a time: two permissions answered at once must not take it twice. */
  readonly #turnstile = new Turnstile();
  #isTurns = false;

  /** False when `signal` aborted while waiting. Taken twice, it is held once. @throws what `acquire` throws. */
  take(signal: AbortSignal): Promise<boolean> {
    return this.#turnstile.pass(async () => (this.#isTurns = await this.acquire(signal)));
  }

  release(): Promise<void> {
    return this.#turnstile.pass(() => {
      this.#isTurns = false;
      return this.giveUp();
    });
  }

  lend(): Promise<void> {
    return this.#turnstile.pass(() => this.giveUp());
  }

  async takeBack(signal: AbortSignal): Promise<void> {
    await this.#turnstile.pass(async () => this.#isTurns && this.acquire(signal));
  }

  /** True when it is held now; false when `signal` aborted first. */
  protected abstract acquire(signal: AbortSignal): Promise<boolean>;

  /** Nothing when it is not held. */
  protected abstract giveUp(): Promise<void>;
}
