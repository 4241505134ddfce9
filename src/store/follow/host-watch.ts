import { watchHost } from '../../control/client.ts';
import type { WatchReply } from '../../control/protocol.ts';
import { messageOf } from '../../errors.ts';

/**
 * What a living host says is durable. Read continuously, however slow the follower is: a host drops watchers that do
 * not listen. Only the newest answer counts. `close` must be called.
 */
export class HostWatch {
  latest: WatchReply | null = null;
  /** The connection is gone: the host died, leaves, or dropped us. */
  ended = false;
  problem: string | null = null;
  readonly #abort = new AbortController();
  #bell: () => void = () => {};

  /** Null when no host listens. */
  static async open(socketPath: string): Promise<HostWatch | null> {
    const watch = new HostWatch();
    const replies = await watchHost(socketPath, watch.#abort.signal);
    if (replies === null) return null;
    void watch.#listen(replies);
    return watch;
  }

  /** Resolves when there is something new, after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#bell = done;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      if (signal.aborted) done();
    });
  }

  close(): void {
    this.#abort.abort();
  }

  async #listen(replies: AsyncGenerator<WatchReply>): Promise<void> {
    try {
      for await (const reply of replies) {
        this.latest = reply;
        this.#bell();
      }
    } catch (error) {
      // A garbled answer is as good as none: the follower connects again.
      this.problem = messageOf(error);
    }
    this.ended = true;
    this.#bell();
  }
}
