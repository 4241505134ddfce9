import { setTimeout as delay } from 'node:timers/promises';
import { markedPids } from '../../../src/process/marker.ts';
import type { Asked } from './history.ts';
import { KnownSession } from './known-session.ts';
import type { Place, Ran } from './place.ts';

/** One in so many commands is killed in the middle of what it does. */
const KILL_COMMANDS = 0.15;
const LOOK_EVERY_MS = 100;
/** A question of a turn whose host was killed is gone; nobody waits for it longer. */
const QUESTION_PATIENCE_MS = 3_000;

/** A careful person at one session: says everything again until it is acknowledged, and remembers what was asked. */
export class Caller extends KnownSession {
  readonly asked: Asked[] = [];
  /** What was not as the acknowledgement said at the moment it was given. */
  readonly wrong: string[] = [];
  readonly #place: Place;
  readonly #random: () => number;
  readonly #isOver: () => boolean;

  constructor(place: Place, session: { name: string; id: string }, random: () => number, isOver: () => boolean) {
    super(place, session);
    this.#place = place;
    this.#random = random;
    this.#isOver = isOver;
  }

  async work(): Promise<void> {
    for (let number = 1; !this.#isOver(); number += 1) {
      const dice = this.#random();
      if (dice < 0.08) await this.#cancel();
      else if (dice < 0.11) await this.#stopAndResume();
      else if (dice < 0.25) await this.#ask(`${this.name}/${number}`);
      else await this.#tell(`${this.name}/${number}`, 'say');
    }
  }

  /** False when the time was over first. */
  async #tell(key: string, word: 'say' | 'ask'): Promise<boolean> {
    const { code } = await this.#insist(['tell', this.name, `${word} ${key}`, '--key', key]);
    this.asked.push({ verb: 'tell', key, acknowledged: code === 0 });
    return code === 0;
  }

  async #cancel(): Promise<void> {
    const open = this.folded().turns.open?.turnId ?? null;
    const { code } = await this.#run(['cancel', this.name]);
    this.asked.push({ verb: 'cancel', acknowledged: code === 0 });
    if (code === 0 && open !== null && this.folded().turns.open?.turnId === open)
      this.wrong.push(`cancel ended with 0, and ${open} goes on`);
  }

  /** Has the agent ask for permission, and gives it. */
  async #ask(key: string): Promise<void> {
    if (!(await this.#tell(key, 'ask'))) return;
    const end = performance.now() + QUESTION_PATIENCE_MS;
    while (performance.now() < end && !this.#isOver()) {
      const { life, prompts } = this.folded();
      if (['done', 'unknown', 'failed', 'cancelled'].includes(prompts.byKey.get(key)?.state ?? '')) return;
      const [decision] = life.decisions.values();
      if (decision !== undefined) {
        const answer = decision.choices[0] ?? '';
        const { code } = await this.#run(['answer', decision.id, answer]);
        this.asked.push({ verb: 'answer', decisionId: decision.id, answer, acknowledged: code === 0 });
      } else await delay(LOOK_EVERY_MS);
    }
  }

  async #stopAndResume(): Promise<void> {
    const stop = await this.#insist(['stop', this.name]);
    this.asked.push({ verb: 'stop', acknowledged: stop.code === 0 });
    if (stop.code === 0) {
      const left = markedPids(this.id);
      if (left.length > 0) this.wrong.push(`stop ended with 0, and left ${left.join(', ')} running`);
      if (!this.folded().life.stopped) this.wrong.push('stop ended with 0, and is not recorded');
    }
    const resume = await this.#insist(['resume', this.name]);
    this.asked.push({ verb: 'resume', acknowledged: resume.code === 0 });
  }

  /** Says it again until it is acknowledged, or the time is over. */
  async #insist(args: readonly string[]): Promise<Ran> {
    for (;;) {
      const ran = await this.#run(args);
      if (ran.code === 0 || this.#isOver()) return ran;
    }
  }

  #run(args: readonly string[]): Promise<Ran> {
    const killAfterMs = this.#random() < KILL_COMMANDS ? Math.floor(this.#random() * 300) : null;
    return this.#place.inTurn(args, killAfterMs);
  }
}
