import { existsSync } from 'node:fs';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';

/** True when a task had its worktree and somebody removed it: `clean` does, after the merge. */
export function worktreeIsGone(record: SessionRecord, session: FoldedSession): boolean {
  return record.task !== null && session.delivery.worktree !== null && !existsSync(record.cwd);
}
