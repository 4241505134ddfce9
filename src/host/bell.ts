import type { Clock } from '../clock.ts';

/** Wakes the spine when something changed while it rested. A ring while nobody waits is remembered. */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** True when it rang within `ms`. */
  async wait(clock: Clock, ms: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const stop = clock.after(ms, resolve);
        this.#wake = () => {
          stop();
          resolve();
        };
      });
      this.#wake = null;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
