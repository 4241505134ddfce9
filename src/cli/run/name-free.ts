import { existsSync } from 'node:fs';
import { refused } from '../../errors.ts';
import { listNames, readSession } from '../../store/read-session.ts';
import { sessionPaths } from '../../store/paths.ts';
import type { Places } from '../../config/places.ts';

/** False when somebody deleted the session's directory by hand: its name means nothing any more. */
export const isThere = (places: Places, id: string): boolean =>
  existsSync(sessionPaths(places.home, id, places.runtimeDir).dir);

/** Throws when a session of this repository has that name: which ways on there are depends on its state. */
export function requireFreeName(places: Places, repoKey: string, name: string): void {
  const taken = listNames(places.home, repoKey).find((one) => one.name === name);
  if (taken !== undefined && isThere(places, taken.id)) throw nameTaken(places, name, taken.id);
}

export function nameTaken(places: Places, name: string, id: string): Error {
  let state: string;
  try {
    state = readSession(places.home, places.runtimeDir, id)?.state ?? 'unreadable';
  } catch {
    state = 'unreadable';
  }
  return refused('name-taken', `There is already a session "${name}" in this repository (${state}).`, {
    remedy: `Talk to it with conduxt tell ${name} "…", begin it again with conduxt retry ${name}, or choose another name with --name.`,
    facts: { name, id, state },
  });
}
