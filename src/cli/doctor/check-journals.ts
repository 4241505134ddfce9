import { messageOf } from '../../errors.ts';
import { readJournal } from '../../journal/read-journal.ts';
import { tryLock } from '../../lock/file-lock.ts';
import { isSessionId } from '../../session/ids.ts';
import { requireJournal } from '../../store/lost-journal.ts';
import { namesIn } from '../../store/names-in.ts';
import { sessionPaths, type SessionPaths } from '../../store/paths.ts';
import { readRecord } from '../../store/read-session.ts';
import { formatBytes, plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { bad, good, note, type Check } from './check.ts';

/** Places of damage that are shown for one journal; the count says how many there are. */
const SHOWN = 5;

/**
 * Reads every record of every session, named, archived or forgotten, and checks its checksum. Damaged records are
 * reported with their place and left where they are: what is before and behind them still counts. A line that a crash
 * tore at the very end was never acknowledged; the next host cuts it off and records that.
 */
export async function checkJournals({ places }: VerbContext): Promise<Check[]> {
  const checks: Check[] = [];
  let records = 0;
  let journals = 0;
  for (const id of sessionIds(places.sessionsDir)) {
    const paths = sessionPaths(places.home, id, places.runtimeDir);
    try {
      const name = readRecord(paths.record)?.name ?? id;
      requireJournal(paths);
      const contents = readJournal(paths.journal);
      records += contents.records.length;
      journals += 1;
      checks.push(...damaged(name, paths, contents.damaged), ...(await torn(name, paths)));
    } catch (error) {
      checks.push(bad('journal', `${id} cannot be read: ${messageOf(error)}`, `See ${paths.dir}.`));
    }
  }
  const sum = `${plural(records, 'record')} of ${plural(journals, 'session')}`;
  return checks.some(({ state }) => state === 'bad')
    ? [...checks, note('journals', `${sum} are whole`, null)]
    : [...checks, good('journals', `${sum}, every checksum is right`)];
}

function damaged(
  name: string,
  paths: SessionPaths,
  lines: readonly { readonly offset: number; readonly bytes: number }[],
): Check[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, SHOWN).map(({ offset, bytes }) => `${formatBytes(bytes)} at offset ${offset}`);
  const more = lines.length > SHOWN ? ', …' : '';
  const text = `${name}: ${plural(lines.length, 'damaged record')} (${shown.join('; ')}${more})`;
  return [bad('journal', text, `The others are kept. See ${paths.journal} and check the disk.`)];
}

/** Only under the session's lock: with a living host, an unfinished line is one that is being written. */
async function torn(name: string, paths: SessionPaths): Promise<Check[]> {
  const lock = await tryLock(paths.lock);
  if (lock === null) return [];
  try {
    const { tornBytes } = readJournal(paths.journal);
    if (tornBytes === 0) return [];
    const text = `${name}: the last line was torn by a crash (${formatBytes(tornBytes)}); it was never acknowledged`;
    return [note('journal', text, 'The next host of the session cuts it off and records it.')];
  } finally {
    lock.release();
  }
}

const sessionIds = (directory: string): string[] => namesIn(directory).filter(isSessionId).toSorted();
