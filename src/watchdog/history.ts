import { oneLine } from '../text/sanitize.ts';
import { formatDuration, plural } from '../views/quantities.ts';
import type { WatchMemory } from './memory.ts';

/** The tries in one line, for the reason of a failed task: `7 tries in 5 h 00 min (…T10:00:00Z its host died: …)`. */
export function historyOfTries(memory: WatchMemory): string {
  const tries = memory.tries.map(({ atMs, why, problem }) => {
    const at = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
    return `${at} ${oneLine(why, 100)}: ${problem === null ? 'a host was started' : oneLine(problem, 200)}`;
  });
  const count = `${plural(Math.max(memory.tried, tries.length), 'try', 'tries')} in ${formatDuration(memory.failingMs)}`;
  return tries.length === 0 ? count : `${count} (${tries.join('; ')})`;
}
