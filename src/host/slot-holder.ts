import type { HostContext } from './context.ts';
import { takeSlot, type Slot } from './slots.ts';

/** Holds the session's slot from its first work to the moment it rests. A question that is asked once needs none. */
export class SlotHolder {
  readonly #context: HostContext;
  #slot: Slot | null = null;

  constructor(context: HostContext) {
    this.#context = context;
  }

  /** False when `signal` aborted while waiting. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (this.#slot !== null) return true;
    const { record, slotsDir, log } = this.#context;
    const limits = { perUser: record.limits.slotsPerUser, perAgent: record.limits.slotsPerAgent };
    this.#slot = await takeSlot(slotsDir, record.agent.name, limits, {
      ticket: record.id,
      signal,
      onWait: async (scope) => {
        const cap = scope === 'user' ? limits.perUser : limits.perAgent;
        await log.appendPatiently({ type: 'slot-waiting', scope, cap });
      },
    });
    if (this.#slot === null) return false;
    await log.appendPatiently({ type: 'slot-taken' });
    return true;
  }

  async release(): Promise<void> {
    if (this.#slot === null) return;
    this.#slot.release();
    this.#slot = null;
    await this.#context.log.appendPatiently({ type: 'slot-released' });
  }
}
