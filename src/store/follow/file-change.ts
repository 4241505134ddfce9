import { watch, type FSWatcher } from 'node:fs';

/**
 * Waits until something in `directory` changes, at most `ms`, or until `signal` aborts. A hint, never a proof: where
 * the system cannot watch (too many watches, a network file system) it is a plain wait.
 */
export function somethingChanged(directory: string, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | undefined;
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    try {
      watcher = watch(directory, { persistent: false }, done);
      watcher.on('error', () => {});
    } catch {
      // The timer is enough.
    }
    function done(): void {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener('abort', done);
      resolve();
    }
    if (signal.aborted) done();
  });
}
