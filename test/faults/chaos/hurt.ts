import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../../src/process/identity.ts';
import type { ProcessIdentity } from '../../../src/session/events.ts';
import type { KnownSession } from './known-session.ts';
import type { Place } from './place.ts';

const FULL_FOR_MS = 700;
/** Longer than a host has for its three answers: it wakes when another one has taken its place. */
const FROZEN_HOST_MS = 9_000;
const FROZEN_AGENT_MS = 1_000;

/** Often is what makes up most crashes; seldom what takes the place of many others while it lasts. */
const WEIGHTS = {
  'kill-host': 6,
  'kill-agent': 4,
  'kill-both': 2,
  'freeze-host': 1,
  'freeze-agent': 2,
  watchdog: 1,
  'two-watchdogs': 1,
  'full-disk': 1,
} as const;
export type Fault = keyof typeof WEIGHTS;
const FAULTS = Object.keys(WEIGHTS) as Fault[];

/** Hurts sessions of one place. */
export class Hurter {
  readonly #place: Place;
  readonly #living: () => readonly KnownSession[];
  readonly #random: () => number;
  /** One at a time each: the disk, and the watchdogs, are there once. */
  #isDiskFull = false;
  #isPatrolled = false;

  constructor(place: Place, living: () => readonly KnownSession[], random: () => number) {
    this.#place = place;
    this.#living = living;
    this.#random = random;
  }

  /** Whether any host or agent lives. */
  get isAnyAlive(): boolean {
    return this.#living().some((one) => isThere(hostOf(one)) || isThere(agentOf(one)));
  }

  /**
   * Draws a fault, and whom it meets, until there is one whom it can meet. Where nothing lives, a watchdog looks.
   * @returns what was done, and when it is over; null when there was nothing to do.
   */
  hurt(): { readonly fault: Fault; readonly over: Promise<unknown> } | null {
    if (!this.isAnyAlive) {
      const over = this.#patrol(1);
      return over === null ? null : { fault: 'watchdog', over };
    }
    const drawn = new Set<Fault>();
    while (drawn.size < FAULTS.length) {
      const fault = this.#draw(drawn);
      const over = this.#try(fault);
      if (over !== null) return { fault, over };
      drawn.add(fault);
    }
    return null;
  }

  #draw(without: ReadonlySet<Fault>): Fault {
    const left = FAULTS.filter((fault) => !without.has(fault)).flatMap((fault) =>
      Array.from({ length: WEIGHTS[fault] }, () => fault),
    );
    return left[Math.floor(this.#random() * left.length)] ?? 'kill-host';
  }

  #try(fault: Fault): Promise<unknown> | null {
    const meets = (aim: (one: KnownSession) => boolean): boolean => this.#shuffled().some(aim);
    const now = Promise.resolve();
    switch (fault) {
      case 'kill-host':
        return meets((one) => send(hostOf(one), 'SIGKILL')) ? now : null;
      case 'kill-agent':
        return meets((one) => send(agentOf(one), 'SIGKILL')) ? now : null;
      case 'kill-both': {
        const both = (one: KnownSession): boolean => isThere(agentOf(one)) && send(hostOf(one), 'SIGKILL');
        return meets((one) => both(one) && send(agentOf(one), 'SIGKILL')) ? now : null;
      }
      case 'freeze-host':
        return this.#freeze(hostOf, FROZEN_HOST_MS);
      case 'freeze-agent':
        return this.#freeze(agentOf, FROZEN_AGENT_MS);
      case 'watchdog':
        return this.#patrol(1);
      case 'two-watchdogs':
        return this.#patrol(2);
      case 'full-disk':
        return this.#fillDisk();
    }
  }

  #shuffled(): readonly KnownSession[] {
    const drawn = this.#living().map((one) => ({ one, at: this.#random() }));
    return drawn.sort((a, b) => a.at - b.at).map(({ one }) => one);
  }

  #freeze(whom: (one: KnownSession) => Identity, forMs: number): Promise<unknown> | null {
    for (const one of this.#shuffled()) {
      const identity = whom(one);
      if (send(identity, 'SIGSTOP')) return delay(forMs).then(() => send(identity, 'SIGCONT'));
    }
    return null;
  }

  #patrol(watchdogs: number): Promise<unknown> | null {
    if (this.#isPatrolled) return null;
    this.#isPatrolled = true;
    const looks = Array.from({ length: watchdogs }, () => this.#place.conduxt(['watchdog', '--once'], 30_000));
    return Promise.all(looks).finally(() => (this.#isPatrolled = false));
  }

  #fillDisk(): Promise<unknown> | null {
    if (!this.#place.ownDisk || this.#isDiskFull) return null;
    this.#isDiskFull = true;
    this.#place.fillDisk();
    return delay(FULL_FOR_MS).then(() => {
      this.#place.emptyDisk();
      this.#isDiskFull = false;
    });
  }
}

type Identity = ProcessIdentity | null | undefined;

const hostOf = (one: KnownSession): Identity => one.folded().life.host?.process;
const agentOf = (one: KnownSession): Identity => one.folded().life.agent.process;
const isThere = (identity: Identity): boolean => identity !== null && identity !== undefined && isAlive(identity);

/** False when it is not that process any more. */
function send(identity: Identity, signal: NodeJS.Signals): boolean {
  if (identity === null || identity === undefined || !isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // It ended between the look and the signal.
  }
}
