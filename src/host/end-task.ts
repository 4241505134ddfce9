import type { PromptDropped, SessionStopped, TaskEnded } from '../session/events.ts';
import type { HostContext } from './context.ts';

/**
 * Ends the task for good: what it still owed the agent is dropped, or the next look at the journal would go on with it.
 * Waits for room on a full disk.
 */
export async function endTask(context: HostContext, { end, reason, code }: Omit<TaskEnded, 'type'>): Promise<void> {
  const ended = { end, reason: context.redact(reason), ...(code === undefined ? {} : { code }) };
  await context.log.withRoom(() => dropAllAnd(context, 'task-ended', { type: 'task-ended', ...ended }));
}

/**
 * Drops all that is owed and says why in the same moment: between the two, those who follow the session would find
 * nothing owed and no end, and take a task that failed before its first turn for one that waits for words.
 * @returns how many were dropped.
 */
export async function dropAllAnd(
  { log }: HostContext,
  reason: PromptDropped['reason'],
  end: TaskEnded | SessionStopped,
): Promise<number> {
  const drops = log.folded.prompts.owed.map(({ id }) => ({ type: 'prompt-dropped', promptId: id, reason }) as const);
  await log.appendTogether([...drops, end]);
  return drops.length;
}
