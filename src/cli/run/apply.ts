import type { SessionRecord } from '../../session/record.ts';
import { createSession } from '../../store/create-session.ts';
import type { SessionPaths } from '../../store/paths.ts';
import type { VerbContext } from '../context.ts';
import { startHostFor } from '../host-call.ts';
import { nameTaken } from './name-free.ts';

/**
 * Makes a session durable and gives it a host. After this its words survive everything, and the work goes on by
 * itself. @throws `name-taken` (exit 6) when another command was faster.
 */
export async function applyPlan(
  context: VerbContext,
  plan: { readonly record: SessionRecord; readonly promptText: string | null },
): Promise<SessionPaths> {
  const { home, runtimeDir } = context.places;
  const made = createSession(home, runtimeDir, plan.record, plan.promptText);
  if (made.type === 'taken') throw nameTaken(context.places, plan.record.name, made.id);
  await startHostFor(context, { record: plan.record, paths: made.paths });
  return made.paths;
}
