import path from 'node:path';
import type { BatchLimit, SessionRecord } from '../session/record.ts';
import { sessionPaths } from '../store/paths.ts';
import type { HostContext } from './context.ts';
import { takeSlot, type Slot } from './slots.ts';
import { Turnstile } from './turnstile.ts';

/** `--priority` goes up to here. */
const TOP_PRIORITY = 1000;

/**
 * Holds the session's slot from its first work to the moment it rests, but for the time a person is asked something.
 * A question that is asked once (`ask`) needs none.
 */
export class SlotHolder {
  readonly #context: HostContext;
  #slot: Slot | null = null;
  /** One change at a time: two permissions answered at once must not take two slots. */
  readonly #turnstile = new Turnstile();

  constructor(context: HostContext) {
    this.#context = context;
  }

  /** False when `signal` aborted while waiting. */
  take(signal: AbortSignal): Promise<boolean> {
    return this.#turnstile.pass(() => this.#take(signal));
  }

  release(): Promise<void> {
    return this.#turnstile.pass(() => this.#release());
  }

  /**
   * Gives the slot to others while a person is asked, who may be asleep. When they have answered, the agent goes on
   * only with a slot, unless `signal` aborts: then its turn is over.
   */
  async without<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const held = this.#slot !== null;
    if (held) await this.release();
    const answer = await ask();
    if (held && !signal.aborted) await this.take(signal);
    return answer;
  }

  async #take(signal: AbortSignal): Promise<boolean> {
    if (this.#slot !== null) return true;
    const { record, slotsDir, log } = this.#context;
    const { slotsPerUser: perUser, slotsPerAgent: perAgent, batch } = record.limits;
    const limits = { perUser, perAgent, ...(batch === undefined ? {} : { batch: this.#placesOf(batch) }) };
    this.#slot = await takeSlot(slotsDir, record.agent.name, limits, {
      ticket: ticketOf(record),
      signal,
      onWait: async (scope) => {
        const cap = { user: perUser, agent: perAgent, batch: batch?.size ?? 0 }[scope];
        await log.appendPatiently({ type: 'slot-waiting', scope, cap });
      },
    });
    if (this.#slot === null) return false;
    await log.appendPatiently({ type: 'slot-taken' });
    return true;
  }

  #placesOf({ sessionId, size }: BatchLimit): { readonly pool: string; readonly size: number } {
    const { home, runtimeDir } = this.#context;
    return { pool: path.join(sessionPaths(home, sessionId, runtimeDir).dir, 'batch'), size };
  }

  async #release(): Promise<void> {
    if (this.#slot === null) return;
    this.#slot.release();
    this.#slot = null;
    await this.#context.log.appendPatiently({ type: 'slot-released' });
  }
}

/** Tickets are served in alphabetical order: higher priorities first, then the oldest. */
function ticketOf({ id, task }: SessionRecord): string {
  const rank = TOP_PRIORITY - Math.min(task?.priority ?? 0, TOP_PRIORITY);
  return `${String(rank).padStart(4, '0')}-${id}`;
}
