import { existsSync, readdirSync } from 'node:fs';
import { ioError, systemCode } from '../errors.ts';
import type { SessionPaths } from './paths.ts';

/**
 * A session that had a host has a journal; without it nobody knows what was done, and what looks like a fresh start
 * would do all of it again. @throws `journal-lost` (exit 74).
 */
export function requireJournal({ journal, epochs, dir }: SessionPaths): void {
  // The first host makes its journal before its epoch.
  if (!hadHost(epochs) || existsSync(journal)) return;
  throw ioError('journal-lost', `${journal} is gone, and nobody knows what this session has done.`, {
    remedy: `Put it back from a backup, or move ${dir} away: then its name is free again.`,
    facts: { file: journal },
  });
}

function hadHost(epochs: string): boolean {
  try {
    return readdirSync(epochs).length > 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
