import { lstatSync, readFileSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';
import { tryLock } from '../lock/file-lock.ts';
import { isSessionId } from '../session/ids.ts';
import { isTemporary } from './durable-files.ts';
import { namesIn } from './names-in.ts';
import type { SessionPaths } from './paths.ts';

/** Making a session takes a fraction of a second; a machine that slept in the middle of it, longer. */
const SETTLED_AFTER_MS = 3_600_000;

/** Something that a killed command left in the state directory and nothing leads to. */
export interface Leftover {
  readonly path: string;
  /** `session`: whole, but it never got its name, so nobody was told of it. `part`: not even whole. */
  readonly kind: 'session' | 'part';
}

/**
 * What commands that were killed while they made a session left behind, an hour ago or longer: directories without a name
 * and without a journal, which no host has ever begun with, and temporary files. Nothing of them was acknowledged.
 * @param living sessions of which some process carries the marker
 */
export function leftovers(home: string, nowMs: number, living: ReadonlySet<string> = new Set()): Leftover[] {
  const sessions = path.join(home, 'sessions');
  const found = namesIn(sessions).flatMap((name): Leftover[] => {
    const place = path.join(sessions, name);
    if (name.startsWith('.new-s-')) return [{ path: place, kind: 'part' }];
    return isSessionId(name) && !living.has(name) && !hasJournal(place) ? [{ path: place, kind: 'session' }] : [];
  });
  const isOld = ({ path: place }: Leftover): boolean => {
    // The record is written once; the directory changes whenever somebody tries the session's lock.
    const facts = lstatOrNull(path.join(place, 'session.json')) ?? lstatOrNull(place);
    return facts !== null && nowMs - facts.mtimeMs > SETTLED_AFTER_MS;
  };
  const old = [...found, ...temporaryFiles(home)].filter(isOld);
  if (!old.some(({ kind }) => kind === 'session')) return old;
  // Looked for last: what got its name meanwhile has it now.
  const known = knownIds(home);
  return old.filter(({ kind, path: place }) => kind === 'part' || !known.has(path.basename(place)));
}

/** Removes them, each session under its own lock. @returns what is gone. */
export async function sweepLeftovers(home: string, nowMs: number, living: ReadonlySet<string>): Promise<Leftover[]> {
  const swept: Leftover[] = [];
  for (const one of leftovers(home, nowMs, living)) {
    const lock = one.kind === 'session' ? await tryLock(path.join(one.path, 'host.lock')) : null;
    if (one.kind === 'session' && lock === null) continue;
    try {
      rmSync(one.path, { recursive: true, force: true });
      swept.push(one);
    } finally {
      lock?.release();
    }
  }
  return swept;
}

/**
 * Removes the temporary files that writers of a session left when they were killed. For its host, which alone writes
 * prompts; beside them the watchdog writes, for the blink of an eye.
 */
export function sweepTemporaries(paths: Pick<SessionPaths, 'dir' | 'prompts'>, nowMs: number): void {
  const left = [paths.dir, paths.prompts].flatMap((directory) =>
    namesIn(directory)
      .filter(isTemporary)
      .map((name) => path.join(directory, name)),
  );
  for (const file of left) {
    const facts = lstatOrNull(file);
    const isDone = path.dirname(file) === paths.prompts || (facts !== null && nowMs - facts.mtimeMs > SETTLED_AFTER_MS);
    if (isDone) rmSync(file, { force: true });
  }
}

const hasJournal = (directory: string): boolean => lstatOrNull(path.join(directory, 'journal.ndjson')) !== null;

/** Every session that a name or an archive leads to. */
function knownIds(home: string): Set<string> {
  const repos = path.join(home, 'repos');
  const ids = namesIn(repos).flatMap((key) =>
    ['names', 'archive'].flatMap((kind) => {
      const directory = path.join(repos, key, kind);
      return namesIn(directory).map((name) => readId(path.join(directory, name)));
    }),
  );
  return new Set(ids);
}

/** As `replaceFile` and `createFile` make them. */
function temporaryFiles(home: string): Leftover[] {
  const repos = path.join(home, 'repos');
  const directories = namesIn(repos).flatMap((key) =>
    ['', 'names', 'archive', 'prs', 'trusted'].map((kind) => path.join(repos, key, kind)),
  );
  return [home, ...directories].flatMap((directory) =>
    namesIn(directory)
      .filter(isTemporary)
      .map((name): Leftover => ({ path: path.join(directory, name), kind: 'part' })),
  );
}

/** Empty when it was released between the listing and the reading. */
function readId(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EISDIR') return '';
    throw error;
  }
}

function lstatOrNull(file: string): Stats | null {
  try {
    return lstatSync(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}
