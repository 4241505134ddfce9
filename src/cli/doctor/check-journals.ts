import { ConduxtError, messageOf } from '../../errors.ts';
import { checkJournal, type DamagedLine } from '../../journal/read-journal.ts';
import { scanLines } from '../../journal/scan-lines.ts';
import { decodeTranscript } from '../../journal/transcript.ts';
import { tryLock } from '../../lock/file-lock.ts';
import { isSessionId } from '../../session/ids.ts';
import { requireJournal } from '../../store/lost-journal.ts';
import { namesIn } from '../../store/names-in.ts';
import { sessionPaths, type SessionPaths } from '../../store/paths.ts';
import { listNames, readRecord } from '../../store/read-session.ts';
import { formatBytes, plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { bad, good, note, type Check } from './check.ts';

/** Places of damage that are shown for one journal; the count says how many there are. */
const SHOWN = 5;

/**
 * Reads every record and update of every session, named, archived or forgotten, and checks its checksum. Damaged ones are
 * reported with their place and left where they are: what is before and behind them still counts. A line that a crash
 * tore at the very end was never acknowledged; the next host cuts it off and records that.
 */
export async function checkJournals({ places }: VerbContext): Promise<Check[]> {
  const checks: Check[] = [];
  let records = 0;
  let journals = 0;
  const names = new Map(listNames(places.home, null).map(({ id, name }) => [id, name]));
  for (const id of sessionIds(places.sessionsDir)) {
    const paths = sessionPaths(places.home, id, places.runtimeDir);
    let name = names.get(id) ?? id;
    const attempt = async (look: () => Promise<void>): Promise<void> => {
      try {
        await look();
      } catch (error) {
        checks.push(unreadable(name, paths, error));
      }
    };
    // What a session was started with is one thing, what became of it another: either may be whole without the other.
    await attempt(async () => {
      name = readRecord(paths.record)?.name ?? name;
    });
    await attempt(async () => {
      requireJournal(paths);
      const { damaged: lines } = checkJournal(paths.journal, 0, () => (records += 1));
      journals += 1;
      checks.push(...damaged(name, 'journal', paths.journal, lines), ...(await torn(name, paths)));
    });
    await attempt(async () => {
      checks.push(...damaged(name, 'transcript', paths.transcript, damagedUpdates(paths.transcript)));
    });
  }
  const sum = `${plural(records, 'record')} of ${plural(journals, 'session')}`;
  return checks.some(({ state }) => state === 'bad')
    ? [...checks, note('journals', `${sum} are whole`, null)]
    : [...checks, good('journals', `${sum}, every checksum is right`)];
}

/** Its name, for whoever has to find it, and what is to be done about it. */
function unreadable(name: string, paths: SessionPaths, error: unknown): Check {
  const remedy = error instanceof ConduxtError ? error.remedy : undefined;
  return bad('journal', `${name} cannot be read: ${messageOf(error)}`, remedy ?? `See ${paths.dir}.`);
}

/** The longest message that is kept, and what stands before it. */
const MAX_UPDATE_BYTES = 65 * 1024 * 1024;

/** Each carries a checksum of its own. The last one may be being written. */
function damagedUpdates(file: string): DamagedLine[] {
  const lines: DamagedLine[] = [];
  scanLines(file, 0, MAX_UPDATE_BYTES, (line, offset, bytes) => {
    if (line === null || decodeTranscript(line) === null) lines.push({ offset, bytes });
  });
  return lines;
}

function damaged(name: string, kind: 'journal' | 'transcript', file: string, lines: readonly DamagedLine[]): Check[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, SHOWN).map(({ offset, bytes }) => `${formatBytes(bytes)} at offset ${offset}`);
  const more = lines.length > SHOWN ? ', …' : '';
  const text = `${name}: ${plural(lines.length, 'damaged record')} (${shown.join('; ')}${more})`;
  return [bad(kind, text, `The others are kept. See ${file} and check the disk.`)];
}

/** Only under the session's lock: with a living host, an unfinished line is one that is being written. */
async function torn(name: string, paths: SessionPaths): Promise<Check[]> {
  const lock = await tryLock(paths.lock);
  if (lock === null) return [];
  try {
    const { tornBytes } = checkJournal(paths.journal, 0, () => {});
    if (tornBytes === 0) return [];
    const text = `${name}: the last line was torn by a crash (${formatBytes(tornBytes)}); it was never acknowledged`;
    return [note('journal', text, 'The next host of the session cuts it off and records it.')];
  } finally {
    lock.release();
  }
}

const sessionIds = (directory: string): string[] => namesIn(directory).filter(isSessionId).toSorted();
