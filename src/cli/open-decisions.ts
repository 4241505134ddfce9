import type { Decision } from '../session/decision.ts';
import { listNames, readSessionOrNull, type SessionView } from '../store/read-session.ts';
import type { VerbContext } from './context.ts';

export interface OpenDecision {
  readonly view: SessionView;
  readonly decision: Decision;
}

/**
 * Every question that waits for a person, those of this repository first. Unreadable sessions have none to show.
 * @param hereOnly of this repository only; outside of any, of all.
 */
export function openDecisions({ places, place }: VerbContext, hereOnly: boolean): OpenDecision[] {
  const isNarrow = hereOnly && place.inRepository;
  if (isNarrow && place.repoKey === null) return [];
  const found = listNames(places.home, isNarrow ? place.repoKey : null).flatMap(({ id }) => {
    const view = readSessionOrNull(places.home, places.runtimeDir, id);
    return view === null ? [] : openOf(view);
  });
  const isHere = ({ view }: OpenDecision): boolean => view.record.repo?.key === place.repoKey;
  return [...found.filter(isHere), ...found.filter((one) => !isHere(one))];
}

/** The questions of one session. */
export function openOf(view: SessionView): OpenDecision[] {
  const { stopped, decisions } = view.folded.life;
  return stopped ? [] : [...decisions.values()].map((decision) => ({ view, decision }));
}
