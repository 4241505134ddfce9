import { existsSync } from 'node:fs';
import { refused } from '../../errors.ts';
import type { SessionRecord } from '../../session/record.ts';
import { listNames, readSessionOrNull, type SessionView } from '../../store/read-session.ts';
import { sessionPaths } from '../../store/paths.ts';
import type { Places } from '../../config/places.ts';

/**
 * Whether the session still needs its name. Not when somebody deleted its directory by hand, and not when it had no
 * task and was stopped: nothing goes on with it, so its name may begin anew.
 */
export function keepsName(places: Places, id: string): boolean {
  if (!existsSync(sessionPaths(places.home, id, places.runtimeDir).dir)) return false;
  const view = readSessionOrNull(places.home, places.runtimeDir, id);
  return view === null || view.record.task !== null || !view.folded.life.stopped || view.hostAlive;
}

type Kind = SessionRecord['kind'];

/** Throws when a session of this repository has that name: which ways on there are depends on its state. */
export function requireFreeName(places: Places, repoKey: string, name: string, kind: Kind): void {
  const taken = listNames(places.home, repoKey).find((one) => one.name === name);
  if (taken !== undefined && keepsName(places, taken.id)) throw nameTaken(places, name, taken.id, kind);
}

/** @param kind of what was to have the name. */
export function nameTaken(places: Places, name: string, id: string, kind: Kind): Error {
  const view = readSessionOrNull(places.home, places.runtimeDir, id);
  const state = view?.state ?? 'unreadable';
  const another = `choose another name${kind === 'task' ? ' with --name' : ''}`;
  return refused('name-taken', `There is already a session "${name}" in this repository (${state}).`, {
    remedy: view === null ? `See conduxt status ${name}, or ${another}.` : `${waysOn(view)}, or ${another}.`,
    facts: { name, id, state },
  });
}

function waysOn({ record, folded }: SessionView): string {
  const talk = folded.life.stopped ? '' : `Talk to it with conduxt tell ${record.name} "…", `;
  const again =
    record.task === null
      ? `end it with conduxt stop ${record.name}`
      : `begin it again with conduxt retry ${record.name}`;
  return talk === '' ? again.charAt(0).toUpperCase() + again.slice(1) : talk + again;
}
