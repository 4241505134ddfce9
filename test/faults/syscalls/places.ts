import type { Victim } from './every-call.ts';
import type { Point } from './inject.ts';

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

/**
 * Every place of a command, from how often its victims made each call when nothing was injected, and what became of it.
 * A run is never quite like another one: behind the last place that was counted and hit comes one more, and a place that
 * was not hit is tried once more.
 */
export class Places {
  readonly #most: number;
  readonly #waiting: Place[] = [];
  readonly #counted = new Map<string, number>();
  readonly #hit = new Map<string, number>();
  #calls = 0;
  #beyond = 0;
  #unmet = 0;

  /** @param most places of one call, kind and victim that are tried. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param counts the calls of a victim, by name. */
  add(victim: Victim, counts: ReadonlyMap<string, number>): void {
    for (const [call, kinds] of Object.entries(CALLS)) {
      const count = counts.get(call) ?? 0;
      this.#calls += count;
      this.#counted.set(`${victim} ${call}`, count);
      for (const kind of kinds) {
        this.#beyond += Math.max(0, count - this.#most);
        for (let nth = 1; nth <= Math.min(count, this.#most); nth += 1)
          this.#waiting.push({ victim, call, kind, nth, isAgain: false });
      }
    }
  }

  next(): Place | undefined {
    return this.#waiting.shift();
  }

  tried(place: Place, hit: boolean): void {
    const { victim, call, kind, nth, isAgain } = place;
    const count = this.#counted.get(`${victim} ${call}`) ?? 0;
    if (hit) {
      const word = kindWord(kind);
      this.#hit.set(word, (this.#hit.get(word) ?? 0) + 1);
      if (nth >= count && nth < this.#most) this.#waiting.push({ ...place, nth: nth + 1, isAgain: false });
    } else if (nth <= count) {
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
