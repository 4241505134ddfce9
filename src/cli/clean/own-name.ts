import path from 'node:path';
import { heldElsewhere } from '../../errors.ts';
import { waitForLock } from '../../lock/file-lock.ts';
import { makePrivateDirectory } from '../../store/durable-files.ts';
import { NO_REPOSITORY, repoPaths } from '../../store/paths.ts';
import { listNames, type SessionView } from '../../store/read-session.ts';
import type { VerbContext } from '../context.ts';
import { nameTaken } from '../run/name-free.ts';

const LOOK_MS = 50;

/**
 * Does what removes a task's worktree or branch while nobody else does such a thing to it, and only for the task that
 * has the name: worktree and branch of an archived one belong to its successor. `work` may let go before it ends.
 * @throws `name-taken` (exit 6), `task-held` (exit 75).
 */
export async function holdingName<T>(
  context: VerbContext,
  view: SessionView,
  work: (letGo: () => void) => Promise<T>,
): Promise<T> {
  const { record } = view;
  const { home } = context.places;
  const { dir } = repoPaths(home, record.repo?.key ?? NO_REPOSITORY);
  makePrivateDirectory(path.join(dir, 'removing'));
  // A task that comes after this one holds it for the moment of a look.
  const lock = await waitForLock(path.join(dir, 'removing', `${record.name}.lock`), {
    pollMs: LOOK_MS,
    signal: AbortSignal.timeout(4 * LOOK_MS),
  });
  if (lock === null) {
    throw heldElsewhere('task-held', `Another retry or clean of ${record.name} is at work.`, {
      remedy: 'Try again when it has ended.',
    });
  }
  try {
    const holder = listNames(home, record.repo?.key ?? null).find((one) => one.name === record.name);
    if (holder !== undefined && holder.id !== record.id)
      throw nameTaken(context.places, record.name, holder.id, 'task');
    return await work(() => lock.release());
  } finally {
    lock.release();
  }
}
