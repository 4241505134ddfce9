import { refused } from '../../errors.ts';
import type { TaskSpec } from '../../session/record.ts';
import type { SessionView } from '../../store/read-session.ts';
import { isSettled } from '../../views/outcome.ts';

/** A task nobody works on: neither its agent nor conduxt itself touches its worktree. */
export interface RestingTask {
  readonly view: SessionView;
  readonly task: TaskSpec;
}

/** @throws `no-task`, `still-running` (exit 6). */
export function requireRest(view: SessionView, verb: string): RestingTask {
  const { record, state } = view;
  if (record.task === null) {
    throw refused('no-task', `Session ${record.name} has no task, so it has no worktree or branch of its own.`, {
      remedy: `End it with conduxt stop ${record.name}.`,
    });
  }
  if (!isSettled(state) && state !== 'crashed') {
    throw refused('still-running', `Task ${record.name} is ${state}; ${verb} works on a task that is at rest.`, {
      remedy: `Wait for it, or end it first: conduxt stop ${record.name}`,
      facts: { state },
    });
  }
  return { view, task: record.task };
}
