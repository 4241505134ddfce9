import { messageOf } from '../errors.ts';
import type { JournalRecord } from '../session/events.ts';
import type { HostContext } from './context.ts';
import { writeMemory } from './write-memory.ts';

/** Not more often than this: a burst of records is one change for whoever reads the file. */
const PAUSE_MS = 300;

/**
 * Keeps the repository's MEMORY.md and active-tasks.json in step with the journals of all its sessions. A projection:
 * when it cannot be written the work goes on, and the host's log says why.
 */
export class MemoryKeeper {
  readonly #context: HostContext;
  #timer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();

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

  /** Writes what is still due and waits for it. */
  async finish(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#writing = this.#writing
      .then(() => writeMemory(this.#context))
      .catch((error: unknown) => this.#context.note(`memory: ${messageOf(error)}`));
  }
}
