import { readFileSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { ioError, systemCode } from '../errors.ts';
import { readJournal, type DamagedLine } from '../journal/read-journal.ts';
import { isAlive } from '../process/identity.ts';
import { isSessionId } from '../session/ids.ts';
import { nameProblem } from '../session/names.ts';
import { deriveState } from '../session/derive-state.ts';
import { foldSession, type FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import type { SessionState } from '../session/words.ts';
import { requireJournal } from './lost-journal.ts';
import { sessionPaths, type SessionPaths } from './paths.ts';

/** Starting a host takes a tenth of a second; on a machine under heavy load, seconds. */
const FIRST_HOST_MS = 10_000;

/** A session as files and the process table show it; no host is asked, so this never blocks. */
export interface SessionView {
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  readonly folded: FoldedSession;
  readonly hostAlive: boolean;
  readonly state: SessionState;
  readonly damaged: readonly DamagedLine[];
}

/** @throws `record-damaged`, `record-unreadable`, `journal-lost` (exit 74). */
export function readSession(home: string, runtimeDir: string, id: string): SessionView | null {
  const paths = sessionPaths(home, id, runtimeDir);
  const record = readRecord(paths.record);
  if (record === null) return null;
  const contents = readJournal(paths.journal);
  if (contents.records.length === 0) requireJournal(paths);
  const folded = foldSession(contents.records);
  const { host } = folded.life;
  const hostAlive = host !== null && host.stopped === null && isAlive(host.process);
  const state = deriveState(folded, record, hostAlive || (host === null && isJustMade(record)));
  return { record, paths, folded, hostAlive, state, damaged: contents.damaged };
}

/** As `readSession`; null also for a session that cannot be read, which must not hide or hold up its neighbours. */
export function readSessionOrNull(home: string, runtimeDir: string, id: string): SessionView | null {
  try {
    return readSession(home, runtimeDir, id);
  } catch {
    // `status` shows what is wrong with it.
    return null;
  }
}

/** Whoever made the session is about to start its first host: nothing has crashed yet. */
const isJustMade = (record: SessionRecord): boolean =>
  Math.abs(Date.now() - Date.parse(record.createdAt)) < FIRST_HOST_MS;

/** Every format of a state directory that is read, for ever: a directory of each is in `fixtures/state/`. */
export const RECORD_VERSIONS: readonly number[] = [1];

/** `session.json`, or null when there is none. It was written whole or not at all. */
export function readRecord(file: string): SessionRecord | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
  const value = parsed(text);
  if (value === null) throw damagedRecord(file);
  if (!RECORD_VERSIONS.some((version) => version === value['schemaVersion'])) {
    throw ioError('record-unreadable', `${file} was written by another version of conduxt.`, {
      remedy: 'Upgrade conduxt, or use the version that made it.',
    });
  }
  if (!isRecord(value)) throw damagedRecord(file);
  return value;
}

type JsonObject = Readonly<Record<string, unknown>>;

function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether all that a reader relies on is there. Not every field is looked at: we wrote the file whole, so what damages
 * it cuts it off or replaces it, and this is read by each `tell` and `status`.
 */
function isRecord(value: object): value is SessionRecord {
  const fields: JsonObject = { ...value };
  const texts = ['id', 'name', 'kind', 'backend', 'cwd', 'permissions', 'createdAt'];
  const objects = ['agent', 'limits', 'hooks'];
  const objectsOrNull = ['repo', 'task', 'firstPrompt'];
  return (
    texts.every((key) => typeof fields[key] === 'string') &&
    objects.every((key) => isObject(fields[key])) &&
    objectsOrNull.every((key) => fields[key] === null || isObject(fields[key]))
  );
}

const damagedRecord = (file: string): Error =>
  ioError('record-damaged', `${file} is damaged; this session cannot be read.`, {
    remedy: `Put it back from a backup. Its journal and transcript are beside it in ${path.dirname(file)}.`,
    facts: { file },
  });

export interface NamedSession {
  readonly repoKey: string;
  readonly name: string;
  readonly id: string;
}

/** All names of one repository, or of all of them, in alphabetical order. Cheap: no session is read. */
export function listNames(home: string, repoKey: string | null): NamedSession[] {
  const repos = path.join(home, 'repos');
  // A file that somebody's file manager left there (.DS_Store) is no repository.
  const keys =
    repoKey === null
      ? entries(repos)
          .filter((entry) => !entry.isFile())
          .map(({ name }) => name)
      : [repoKey];
  return keys.flatMap((key) =>
    entries(path.join(repos, key, 'names'))
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => ({ repoKey: key, name, id: readName(path.join(repos, key, 'names', name)) }))
      .filter((named) => named.id !== ''),
  );
}

/** The session of that very name in one repository, without a look at the others; null when there is none. */
export function namedHere(home: string, repoKey: string, name: string): NamedSession | null {
  if (nameProblem(name) !== undefined) return null;
  const id = readName(path.join(home, 'repos', repoKey, 'names', name));
  return id === '' ? null : { repoKey, name, id };
}

/** Ids of the sessions that gave this name away, the latest last. */
export function listArchived(home: string, repoKey: string, name: string): string[] {
  const prefix = `${name}-s-`;
  return entries(path.join(home, 'repos', repoKey, 'archive'))
    .filter((entry) => entry.name.startsWith(prefix))
    .map((entry) => entry.name.slice(name.length + 1))
    .filter(isSessionId);
}

function readName(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    // Released between the listing and the reading.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EISDIR') return '';
    throw error;
  }
}

/** In alphabetical order; none when the directory is not there. */
function entries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
