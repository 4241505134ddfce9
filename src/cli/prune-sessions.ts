import { lstatSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Places } from '../config/places.ts';
import { ioError, messageOf, systemCode } from '../errors.ts';
import { tryLock } from '../lock/file-lock.ts';
import { isSessionId } from '../session/ids.ts';
import { namesIn } from '../store/names-in.ts';
import type { SessionPaths } from '../store/paths.ts';
import { readSessionOrNull } from '../store/read-session.ts';

export interface Prunable {
  readonly id: string;
  readonly name: string;
  readonly paths: SessionPaths;
}

/**
 * Sessions that are over, have no host, and were last written to before `beforeMs`. Archived ones too. What cannot be
 * read is not known to be over.
 */
export function prunable(places: Places, beforeMs: number): Prunable[] {
  return namesIn(places.sessionsDir)
    .filter(isSessionId)
    .flatMap((id) => {
      const view = readSessionOrNull(places.home, places.runtimeDir, id);
      if (view === null || view.hostAlive) return [];
      const { life, prompts, turns } = view.folded;
      const over = life.stopped || (life.ended !== null && prompts.owed.length === 0 && turns.open === null);
      const last = Date.parse(view.folded.lastAt ?? view.record.createdAt);
      return over && last < beforeMs ? [{ id, name: view.record.name, paths: view.paths }] : [];
    });
}

/**
 * Deletes everything of a session but its record and journal, under its lock so that no host starts meanwhile.
 * @returns the bytes that are (or would be) freed; null when there was nothing to delete or a host has begun.
 */
export async function pruneSession({ paths }: Prunable, dryRun: boolean): Promise<number | null> {
  const contents = [...childrenOf(paths.prompts), ...childrenOf(paths.run), paths.transcript, paths.hostLog];
  const bytes = contents.reduce((sum, file) => sum + sizeOf(file), 0);
  if (bytes === 0) return null;
  if (dryRun) return bytes;
  const lock = await tryLock(paths.lock);
  if (lock === null) return null;
  try {
    for (const file of contents) remove(file);
    return bytes;
  } finally {
    lock.release();
  }
}

/** Node names some of these failures by no code at all. */
function remove(file: string): void {
  try {
    rmSync(file, { recursive: true, force: true });
  } catch (error) {
    throw ioError('state-unwritable', `${file} could not be deleted: ${messageOf(error)}.`, {
      remedy: 'Check owner and permissions of the state directory (CONDUXT_HOME), then run the command again.',
      cause: error,
    });
  }
}

const childrenOf = (directory: string): string[] => namesIn(directory).map((name) => path.join(directory, name));

/** Of a file, or of everything below a directory; links count for themselves. */
function sizeOf(file: string): number {
  try {
    const facts = lstatSync(file);
    return facts.isDirectory() ? childrenOf(file).reduce((sum, child) => sum + sizeOf(child), 1) : facts.size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
