import type { SessionRecord } from '../session/record.ts';
import type { GuardFacts } from './facts.ts';

/** Protected beside the branch a pull request goes to, whichever that is. */
export const USUAL_PRIMARIES = ['main', 'master'] as const;

/** The guard's facts of one session. A session without a task works where its user does, on whatever is checked out. */
export function guardFacts(record: SessionRecord, home: string | undefined): GuardFacts {
  const base = record.task?.base ?? record.primaryBranch ?? USUAL_PRIMARIES[0];
  return {
    primaryBranch: base,
    alsoProtected: USUAL_PRIMARIES.filter((name) => name !== base && name !== record.task?.branch),
    taskBranch: record.task?.branch ?? null,
    worktree: record.cwd,
    session: record.name,
    ...(home === undefined ? {} : { home }),
  };
}
