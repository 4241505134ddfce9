import type { Places } from '../../config/places.ts';
import { listNames, readSessionOrNull } from '../../store/read-session.ts';
import { elapsedMs } from '../../views/elapsed.ts';
import type { PastTask } from '../../views/expected-duration.ts';

/** The newest tasks say most about the next; reading all of a long history would only cost time. */
const MAX_READ = 50;
const DONE: ReadonlySet<string> = new Set(['completed', 'delivered', 'reported']);

/** Finished tasks of one repository, newest first. What cannot be read is left out. */
export function pastTasks(places: Places, repoKey: string): PastTask[] {
  const newest = listNames(places.home, repoKey)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, MAX_READ);
  return newest.flatMap(({ id }) => {
    const view = readSessionOrNull(places.home, places.runtimeDir, id);
    const end = view?.folded.life.ended ?? null;
    const task = view?.record.task ?? null;
    if (view === null || task === null || end === null || !DONE.has(end.end)) return [];
    const durationMs = elapsedMs(view, Date.parse(end.at));
    return [{ kind: task.kind, agent: view.record.agent.name, durationMs }];
  });
}
