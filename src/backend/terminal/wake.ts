import type { Clock } from '../../clock.ts';

/** Something to wait on: until it is rung, or a time is over. A ring while nobody waits is kept. */
export class Wake {
  readonly #clock: Clock;
  #rung = false;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /** True when it was rung. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stop();
          this.#waiting.delete(done);
          resolve();
        };
        const stop = this.#clock.after(ms, done);
        this.#waiting.add(done);
      });
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
