import type { Clock } from '../../clock.ts';

/** What `promise` settles with, or null when that takes longer than `ms`. Leaves no timer behind. */
export async function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | null> {
  let stop = (): void => {};
  const late = new Promise<null>((resolve) => (stop = clock.after(ms, () => resolve(null))));
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop();
  }
}
