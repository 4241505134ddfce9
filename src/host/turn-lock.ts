import { heldElsewhere, messageOf, ConduxtError } from '../errors.ts';
import { withTrustedPath } from '../process/find-program.ts';
import { SharedLock } from '../lock/shared-lock.ts';
import { formatDuration } from '../views/quantities.ts';
import type { HostContext } from './context.ts';
import { TurnPlace } from './turn-place.ts';

/**
 * Holds the lock that agents share around this agent's turns, where that is asked for: two agents that refresh one login
 * at once lose it. In between, and while a person is asked something, others may have it. The file stays open.
 */
export class TurnLock extends TurnPlace {
  readonly #context: HostContext;
  readonly #lock: SharedLock | null;

  constructor(context: HostContext) {
    super();
    this.#context = context;
    const { turnLock } = context.record;
    this.#lock =
      turnLock === undefined ? null : new SharedLock(turnLock.file, withTrustedPath(context.env, context.record.cwd));
  }

  /** An answer is not a prompt: the agent gets it also when the lock could not be had again in time, and that is said. */
  override async takeBack(signal: AbortSignal): Promise<void> {
    await super.takeBack(signal).catch((error: unknown) => this.#goOnWithout(error));
  }

  /** For a turn that goes on whoever holds the lock: its agent outlived the host that had it. `release` ends the wait. */
  takeMeanwhile(): { readonly release: () => Promise<void> } {
    const over = new AbortController();
    const taken = this.take(over.signal).catch((error: unknown) => this.#goOnWithout(error));
    return {
      release: async () => {
        over.abort();
        await taken;
        await this.release();
      },
    };
  }

  async #goOnWithout(error: unknown): Promise<void> {
    if (!(error instanceof ConduxtError)) throw error;
    const text = `the agent goes on without the lock: ${messageOf(error)}`;
    await this.#context.log.appendPatiently({ type: 'milestone', level: 'warn', text });
  }

  /** @throws `lock-held` (exit 75) when it was not free in time, and as `SharedLock.take`. */
  protected async acquire(signal: AbortSignal): Promise<boolean> {
    const { log, record } = this.#context;
    if (this.#lock === null || record.turnLock === undefined || log.folded.life.lock === 'taken') return true;
    const { file, waitMs } = record.turnLock;
    let taken = await this.#lock.take(0, signal);
    if (taken === 'held-elsewhere') {
      await log.appendPatiently({ type: 'lock-waiting', file });
      taken = await this.#lock.take(waitMs, signal);
      if (taken !== 'taken') await log.appendPatiently({ type: 'lock-released' });
    }
    if (taken === 'aborted') return false;
    if (taken === 'held-elsewhere') {
      throw heldElsewhere('lock-held', `the agents' lock ${file} was not free within ${formatDuration(waitMs)}`, {
        remedy: `see who holds it (fuser ${file}), or set lock.waitSeconds higher`,
        facts: { file },
      });
    }
    await log.appendPatiently({ type: 'lock-taken', file });
    return true;
  }

  protected async giveUp(): Promise<void> {
    if (this.#lock === null || this.#context.log.folded.life.lock !== 'taken') return;
    await this.#lock.release();
    await this.#context.log.appendPatiently({ type: 'lock-released' });
  }
}
