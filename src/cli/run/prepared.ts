import type { TaskSpec } from '../../session/record.ts';
import { listNames, readSessionOrNull, type SessionView } from '../../store/read-session.ts';
import type { VerbContext } from '../context.ts';

/** A task whose worktree was made and nothing more (`run --prepare`). */
export interface PreparedTask {
  readonly view: SessionView;
  readonly task: TaskSpec;
}

/** The one of this name, when nobody has said anything to its agent yet; otherwise null. */
export function preparedTask({ places }: VerbContext, repoKey: string, name: string | undefined): PreparedTask | null {
  const named = listNames(places.home, repoKey).find((one) => one.name === name);
  const view = named === undefined ? null : readSessionOrNull(places.home, places.runtimeDir, named.id);
  if (view === null) return null;
  const { record, folded } = view;
  if (record.task === null || record.firstPrompt !== null || folded.prompts.byId.size > 0) return null;
  return folded.life.stopped || folded.life.ended !== null ? null : { view, task: record.task };
}
