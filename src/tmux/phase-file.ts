import { readFileSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { runDirectories } from './run-directory.ts';

/** One word and a summary: more than this is not looked at. */
const MAX_BYTES = 64 * 1024;

/** What the agent of the newest run under `root`, or a script around it, left in its phase file. Null: nothing. */
export function newestPhase(root: string): string | null {
  const [run] = runDirectories(root);
  if (run === undefined) return null;
  try {
    return readFileSync(run.phase, 'utf8').slice(0, MAX_BYTES);
  } catch {
    // None was written, or it was removed with the last prompt.
    return null;
  }
}

/** Calls `changed` when something happens to that file. The returned function ends it. */
export function watchPhase(root: string, changed: () => void): () => void {
  const [run] = runDirectories(root);
  if (run === undefined) return () => {};
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(run.dir, { persistent: false }, (_, name) => {
      if (name === null || name === path.basename(run.phase)) changed();
    });
    // A phase that is missed here is seen by the next look of host or watchdog.
    watcher.on('error', () => {});
  } catch {
    // Too many watches, or the directory is gone.
  }
  return () => watcher?.close();
}
