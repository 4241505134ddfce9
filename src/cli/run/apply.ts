import type { SessionRecord } from '../../session/record.ts';
import { createSession, createSessionInPlaceOf, type CreateResult } from '../../store/create-session.ts';
import type { SessionPaths } from '../../store/paths.ts';
import type { VerbContext } from '../context.ts';
import { startHostFor } from '../host-call.ts';
import { stopOne } from '../commands/stop.ts';
import type { PreparedTask } from './prepared.ts';
import { keepsName, nameTaken } from './name-free.ts';

export interface SessionPlan {
  readonly record: SessionRecord;
  readonly promptText: string | null;
  /** The id of the finished session whose name it takes over. */
  readonly replaces?: string;
  /** A session that only prepared the worktree: it ends before this one begins. */
  readonly prepared?: PreparedTask;
  /** Called when it is on stable storage under its name. */
  readonly onDurable?: () => void;
}

/**
 * Makes a session durable and gives it a host. After this its words survive everything, and the work goes on by
 * itself. @throws `name-taken` (exit 6) when another command was faster.
 */
export async function applyPlan(context: VerbContext, plan: SessionPlan): Promise<SessionPaths> {
  const paths = await placePlan(context, plan);
  await startHostFor(context, { record: plan.record, paths });
  return paths;
}

/** As `applyPlan`, without the host: whoever looks after the session next starts it. @throws `name-taken` (exit 6). */
export async function placePlan(context: VerbContext, plan: SessionPlan): Promise<SessionPaths> {
  if (plan.prepared !== undefined) await stopOne(context, plan.prepared.view);
  const made = await makeDurable(context, plan);
  if (made.type === 'taken') throw nameTaken(context.places, plan.record.name, made.id, plan.record.kind);
  plan.onDurable?.();
  return made.paths;
}

async function makeDurable({ places }: VerbContext, plan: SessionPlan): Promise<CreateResult> {
  const { home, runtimeDir } = places;
  const { record, promptText, replaces } = plan;
  if (replaces !== undefined) return createSessionInPlaceOf(home, runtimeDir, record, promptText, replaces);
  const made = createSession(home, runtimeDir, record, promptText);
  if (made.type === 'created' || keepsName(places, made.id)) return made;
  return createSessionInPlaceOf(home, runtimeDir, record, promptText, made.id);
}
