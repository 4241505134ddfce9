import { existsSync } from 'node:fs';
import { refused } from '../errors.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';

/** True when a task had its worktree and somebody removed it: `clean` does, after the merge. */
export function worktreeIsGone(record: SessionRecord, session: FoldedSession): boolean {
  return hadWorktree(record, session) && !existsSync(record.cwd);
}

export const hadWorktree = (record: SessionRecord, session: FoldedSession): boolean =>
  record.task !== null && session.delivery.worktree !== null;

/** @throws `worktree-gone` (exit 6) for what needs the worktree of a task that was cleaned up. */
export function requireWorktree(record: SessionRecord, session: FoldedSession): void {
  if (!worktreeIsGone(record, session)) return;
  const { pullRequest } = session.delivery;
  const open = pullRequest === null ? '' : `Its pull request is ${pullRequest.url}. `;
  throw refused('worktree-gone', `The worktree of ${record.name} is gone; there is nothing to go on with.`, {
    remedy: `${open}Begin again with conduxt retry ${record.name}.`,
  });
}

/**
 * @throws `task-never-began` (exit 6) for a task that ended before its agent was given anything: what a person adds now
 * would reach an agent that does not know the task.
 */
export function requireBegun(record: SessionRecord, { life, turns }: FoldedSession): void {
  if (record.task === null || life.ended === null || turns.count > 0) return;
  throw refused('task-never-began', `The task ${record.name} ended before its agent was given anything.`, {
    remedy: `Begin again with conduxt retry ${record.name}.`,
    facts: { end: life.ended.end, reason: life.ended.reason },
  });
}
