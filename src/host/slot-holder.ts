import path from 'node:path';
import type { BatchLimit, SessionRecord } from '../session/record.ts';
import { sessionPaths } from '../store/paths.ts';
import type { HostContext } from './context.ts';
import { takeSlot, type Slot } from './slots.ts';
import { TurnPlace } from './turn-place.ts';

/** `--priority` goes up to here. */
const TOP_PRIORITY = 1000;

/**
 * Holds the session's slot from its first work to the moment it rests, but for the time a person is asked something.
 * A question that is asked once (`ask`) needs none.
 */
export class SlotHolder extends TurnPlace {
  readonly #context: HostContext;
  #slot: Slot | null = null;

  constructor(context: HostContext) {
    super();
    this.#context = context;
  }

  /** The agent goes on only with a slot, unless `signal` aborts: then its turn is over. */
  protected async acquire(signal: AbortSignal): Promise<boolean> {
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

  protected async giveUp(): Promise<void> {
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
