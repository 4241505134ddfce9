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
  const task = requireTask(view);
  if (!isSettled(state) && state !== 'crashed') {
    throw refused('still-running', `Task ${record.name} is ${state}; ${verb} works on a task that is at rest.`, {
      remedy: `Wait for it, or end it first: conduxt stop ${record.name}`,
      facts: { state },
    });
  }
  return { view, task };
}

/** @throws `no-task` (exit 6) for what only a task has: worktree, branch, tests, a pull request, a beginning. */
export function requireTask({ record, folded }: SessionView): TaskSpec {
  const { name, task } = record;
  if (task !== null) return task;
  const goOn = folded.life.stopped
    ? `Start it anew with conduxt start ${name}`
    : `It goes on with conduxt tell ${name} "…" and ends with conduxt stop ${name}`;
  throw refused('no-task', `Session ${name} has no task, so it has no worktree, tests or branch of its own.`, {
    remedy: `${goOn}; conduxt run "…" gives a task.`,
  });
}
