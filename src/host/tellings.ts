import { messageOf } from '../errors.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { HostContext } from './context.ts';
import { tellPeople } from './tell-people.ts';

/** What people are being told, beside everything else: a slow notifier must not hold it up. */
export class Tellings {
  readonly #context: HostContext;
  readonly #telling = new Map<string, Promise<void>>();

  constructor(context: HostContext) {
    this.#context = context;
  }

  begin(about: string): void {
    const { note } = this.#context;
    const told = tellPeople(this.#context, about).catch((error: unknown) =>
      note(`telling people: ${messageOf(error)}`),
    );
    this.#telling.set(about, told);
  }

  /** What is being told counts as told, also when it failed: it is not tried again and again. */
  asIfTold(): FoldedSession {
    const { folded } = this.#context.log;
    if (this.#telling.size === 0) return folded;
    const notified = new Set([...folded.life.notified, ...this.#telling.keys()]);
    return { ...folded, life: { ...folded.life, notified } };
  }

  async settled(): Promise<void> {
    await Promise.all(this.#telling.values());
  }
}
