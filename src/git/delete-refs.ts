import { join } from 'node:path';
import type { Repository } from './repository.ts';
import { clearKilledLocks, takingLock } from './shared-lock.ts';
import { removeStaleLock } from './stale-lock.ts';

export interface RefDeletion {
  /** Its full name. One of ours: a task's branch, a snapshot. */
  readonly ref: string;
  /** Compare and swap: where it must stand, else all stay. Null: wherever it stands. */
  readonly commit: string | null;
}

/**
 * Deletes all of them in one step, or none. Locks on them that an earlier try left go first.
 * @throws `git-failed` when one stands elsewhere, or is locked.
 */
export async function deleteRefs(repo: Repository, deletions: readonly RefDeletion[]): Promise<void> {
  // An earlier try may have been killed when they were gone.
  if (deletions.length === 0) return clearKilledLocks(repo.commonDir);
  for (const { ref } of deletions) await removeStaleLock(join(repo.commonDir, `${ref}.lock`));
  const input = deletions.map(({ ref, commit }) => `delete ${ref}\0${commit ?? ''}\0`).join('');
  await takingLock(repo.commonDir, 'packed-refs', (env) =>
    repo.git.withEnv(env).run(['update-ref', '--stdin', '-z'], { input }),
  );
}
