import type { TaskEnded } from '../session/events.ts';
import type { HostContext } from './context.ts';
import { dropOwed } from './prompt-book.ts';

/**
 * Ends the task for good: what it still owed the agent is dropped first, or the next look at the journal would go on
 * with it. Waits for room on a full disk.
 */
export async function endTask(context: HostContext, { end, reason, code }: Omit<TaskEnded, 'type'>): Promise<void> {
  const { log, redact } = context;
  await log.withRoom(() => dropOwed(context, 'task-ended'));
  await log.appendPatiently({
    type: 'task-ended',
    end,
    reason: redact(reason),
    ...(code === undefined ? {} : { code }),
  });
}
