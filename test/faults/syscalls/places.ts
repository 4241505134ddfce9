import type { Victim } from './every-call.ts';
import type { Calls, Point } from './inject.ts';

const KILL = 'signal=SIGKILL';
const FULL_DISK = 'error=ENOSPC';
const BAD_DISK = 'error=EIO';
/**
 * What makes things durable and known, and what is written before it, with what can happen there: the other calls change
 * nothing that is promised.
 */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  fdatasync: [KILL, FULL_DISK, BAD_DISK],
  fsync: [KILL, FULL_DISK, BAD_DISK],
  pwrite64: [KILL, FULL_DISK, BAD_DISK],
  write: [KILL, FULL_DISK, BAD_DISK],
  rename: [KILL, FULL_DISK],
  link: [KILL, FULL_DISK],
  mkdir: [KILL, FULL_DISK],
  ftruncate: [KILL, BAD_DISK],
  unlink: [KILL],
  bind: [KILL, FULL_DISK],
  connect: [KILL],
};
export const CALL_NAMES = Object.keys(CALLS);

/** `signal=SIGKILL` -> `kill`, `error=EIO` -> `eio`. */
export const kindWord = (kind: string): string => kind.replace(/^.*=(SIG)?/, '').toLowerCase();

export interface VictimPoint extends Point {
  readonly victim: Victim;
}

/** One that waits for its turn. */
export interface Place extends VictimPoint {
  readonly isAgain: boolean;
}

export const nameOf = ({ victim, call, kind, nth }: VictimPoint): string => `${victim}, ${call} ${nth}, ${kind}`;

/** The other way round. */
export function parsePlace(name: string): VictimPoint {
  const [, victim = '', call = '', nth = '', kind = ''] = /^(.+), (\w+) (\d+), (\S+)$/.exec(name) ?? [];
  if (!isVictim(victim)) throw new Error(`no place: ${name}`);
  return { victim, call, kind, nth: Number(nth) };
}

const isVictim = (word: string): word is Victim => ['command', 'starting host', 'living host'].includes(word);

/** Between two runs a call may get another number: a thread was woken once more, or less. */
const DRIFT = 1;

/**
 * Every place of a command, from how often its victims made each call when nothing was injected, and what became of it.
 * A run is never quite like another one: the neighbours of a place are tried, too, and behind the last one that was hit
 * comes one more; a place that was not hit is tried once more.
 */
export class Places {
  readonly #most: number;
  readonly #waiting: Place[] = [];
  readonly #last = new Map<string, number>();
  readonly #hit = new Map<string, number>();
  #calls = 0;
  #beyond = 0;
  #unmet = 0;

  /** @param most places of one call, kind and victim that are tried. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param calls what a victim did when nothing was injected. */
  add(victim: Victim, calls: Calls): void {
    for (const [call, kinds] of Object.entries(CALLS)) {
      const numbers = [...(calls.get(call) ?? [])];
      const last = Math.max(0, ...numbers);
      this.#calls += numbers.length;
      this.#last.set(`${victim} ${call}`, last);
      const around = new Set(numbers.flatMap((nth) => [nth - DRIFT, nth, nth + DRIFT]));
      const tried = [...around].filter((nth) => nth >= 1 && nth <= last).sort((a, b) => a - b);
      for (const kind of kinds) {
        this.#beyond += tried.filter((nth) => nth > this.#most).length;
        for (const nth of tried) if (nth <= this.#most) this.#waiting.push({ victim, call, kind, nth, isAgain: false });
      }
    }
  }

  next(): Place | undefined {
    return this.#waiting.shift();
  }

  tried(place: Place, hit: boolean): void {
    const { victim, call, kind, nth, isAgain } = place;
    const last = this.#last.get(`${victim} ${call}`) ?? 0;
    if (hit) {
      const word = kindWord(kind);
      this.#hit.set(word, (this.#hit.get(word) ?? 0) + 1);
      if (nth >= last && nth < this.#most) this.#waiting.push({ ...place, nth: nth + 1, isAgain: false });
    } else if (nth <= last) {
      if (isAgain) this.#unmet += 1;
      else this.#waiting.push({ ...place, isAgain: true });
    }
  }

  /** One line. */
  summary(): string {
    const kinds = [...this.#hit].map(([kind, count]) => `${kind} ${count}`).join(', ');
    const hits = [...this.#hit.values()].reduce((sum, count) => sum + count, 0);
    return (
      `${this.#calls} calls, ${hits} places hit (${kinds}), ${this.#unmet} not met again, ` +
      `${this.#beyond} beyond the first ${this.#most} of a call`
    );
  }
}
