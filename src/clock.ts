/** Time, passed in. Decisions take `now` as a value; only edges hold a Clock. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For records people read; never for measuring. */
  now(): number;
  /** Monotonic milliseconds. For durations and deadlines: a wall-clock jump changes nothing. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it and is safe to call twice. */
  after(ms: number, fn: () => void): () => void;
}

/**
 * Milliseconds from some moment on: `Clock.monotonic` for edges that hold no clock. Node loads its tools for measuring
 * with the first use of `performance`, a fiftieth of a host's start.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  after: callAfter,
};

/** Node's timers hold 32 bits: one of 25 days or more would be over at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function callAfter(ms: number, fn: () => void): () => void {
  const dueAt = monotonicMs() + ms;
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    timer = leftMs > MAX_TIMER_MS ? setTimeout(again, MAX_TIMER_MS) : setTimeout(fn, leftMs);
  };
  const again = (): void => arm(dueAt - monotonicMs());
  arm(ms);
  return () => clearTimeout(timer);
}

/** ISO 8601 in UTC with milliseconds: the only time format that is written to disk. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** Ends after `ms`, or as soon as `signal` is aborted; never fails. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = callAfter(ms, done);
    function done(): void {
      stop();
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted === true) done();
  });
}
