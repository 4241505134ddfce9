import { messageOf } from '../errors.ts';
import type { JournalRecord } from '../session/events.ts';
import type { HostContext } from './context.ts';
import { MemoryEntries } from './memory-entries.ts';
import { writeMemory } from './write-memory.ts';

/** Not more often than this: a burst of records is one change for whoever reads the file. */
const PAUSE_MS = 300;
/**
 * How long a host that leaves waits for the file's lock. Whoever holds it writes the same from the same journals; without a
 * bound hosts of a repository with many sessions stood in line for minutes, each with the lock of its own session.
 */
const FINISH_WITHIN_MS = 3_000;

/**
 * Keeps the repository's MEMORY.md and active-tasks.json in step with the journals of all its sessions. A projection:
 * when it cannot be written the work goes on, and the host's log says why.
 */
export class MemoryKeeper {
  readonly #context: HostContext;
  readonly #known = new MemoryEntries();
  readonly #giveUp = new AbortController();
  #timer: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  /** Something changed since the write that is under way began. */
  #isStale = false;

  constructor(context: HostContext) {
    this.#context = context;
  }

  onRecord(record: JournalRecord): void {
    if (record.type === 'prompt-accepted' || this.#timer !== null) return;
    this.#timer = this.#context.clock.after(PAUSE_MS, () => {
      this.#timer = null;
      this.#write();
    });
  }

  /** Writes what is still due and waits for it, not for ever. */
  async finish(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    this.#write();
    const stop = this.#context.clock.after(FINISH_WITHIN_MS, () => this.#giveUp.abort());
    await this.#writing;
    stop();
  }

  /** One at a time, and one more for all that came meanwhile. */
  #write(): void {
    this.#isStale = true;
    this.#writing ??= this.#writeWhileStale().finally(() => (this.#writing = null));
  }

  async #writeWhileStale(): Promise<void> {
    while (this.#isStale && !this.#giveUp.signal.aborted) {
      this.#isStale = false;
      await writeMemory(this.#context, this.#giveUp.signal, this.#known).catch((error: unknown) =>
        this.#context.note(`memory: ${messageOf(error)}`),
      );
    }
  }
}
