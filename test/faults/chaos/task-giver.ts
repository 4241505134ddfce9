import { setTimeout as delay } from 'node:timers/promises';
import { KnownSession } from './known-session.ts';
import type { Place } from './place.ts';

const LOOK_EVERY_MS = 100;

/** A person who gives one task after the other, and waits for the end of each. */
export class TaskGiver {
  readonly tasks: KnownSession[] = [];
  readonly #place: Place;
  readonly #name: string;
  readonly #isOver: () => boolean;

  constructor(place: Place, name: string, isOver: () => boolean) {
    this.#place = place;
    this.#name = name;
    this.#isOver = isOver;
  }

  async work(): Promise<void> {
    for (let number = 1; !this.#isOver(); number += 1) {
      const task = await this.#give(`${this.#name}-${number}`);
      if (task === null) return;
      this.tasks.push(task);
      while (!this.#isOver() && task.folded().life.ended === null) await delay(LOOK_EVERY_MS);
    }
  }

  /** Says it again until it is there, also when the command was refused for want of room; null when the time was over first. */
  async #give(name: string): Promise<KnownSession | null> {
    const words = ['run', 'Make the sum 4.', '--name', name, '--branch', `fix/${name}`, '--verify', 'sh test.sh'];
    for (;;) {
      await this.#place.inTurn([...words, '--on-crash', 'retry', '--no-wait'], null);
      const id = this.#place.idOf(name);
      if (id !== null) return new KnownSession(this.#place, { name, id });
      if (this.#isOver()) return null;
    }
  }
}
