import type { Decision } from '../session/decision.ts';
import { listNames, readSessionOrNull, type SessionView } from '../store/read-session.ts';
import type { VerbContext } from './context.ts';

export interface OpenDecision {
  readonly view: SessionView;
  readonly decision: Decision;
}

/** Every question that waits for a person, of this repository or of all. Unreadable sessions have none to show. */
export function openDecisions({ places, place }: VerbContext, all: boolean): OpenDecision[] {
  const everywhere = all || !place.inRepository;
  if (!everywhere && place.repoKey === null) return [];
  return listNames(places.home, everywhere ? null : place.repoKey).flatMap(({ id }) => {
    const view = readSessionOrNull(places.home, places.runtimeDir, id);
    return view === null ? [] : openOf(view);
  });
}

/** The questions of one session. */
export function openOf(view: SessionView): OpenDecision[] {
  const { stopped, decisions } = view.folded.life;
  return stopped ? [] : [...decisions.values()].map((decision) => ({ view, decision }));
}
