import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from '../lock/file-lock.ts';
import type { SessionState } from '../session/words.ts';
import { NO_REPOSITORY, repoPaths } from '../store/paths.ts';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';
import { endTask } from './end-task.ts';

const DEPENDENCY_POLL_MS = 1000;

/**
 * Waits until every task this one comes after is done. Another host writes that into another journal, so it is looked
 * up, not announced.
 * @returns false when the wait was interrupted or a dependency failed (then the task has ended).
 */
export async function awaitDependencies(context: HostContext, bell: Bell, signal: AbortSignal): Promise<boolean> {
  const { record, log, clock } = context;
  const after = record.task?.after ?? [];
  for (;;) {
    const open = after.filter((name) => !isDone(stateOf(context, name)));
    if (open.length === 0) return true;
    const dead = await firstDead(context, open);
    if (dead !== null) {
      const reason = `it was to come after ${dead}, which did not complete`;
      await endTask(context, { end: 'failed', reason, code: 'dependency-failed' });
      return false;
    }
    if (open.join() !== log.folded.life.waitsFor.join()) await log.appendPatiently({ type: 'task-waiting', for: open });
    if (signal.aborted || log.folded.life.stopped || log.folded.life.ended !== null) return false;
    await bell.wait(clock, DEPENDENCY_POLL_MS);
  }
}

const isDone = (state: SessionState | null): boolean =>
  state === 'completed' || state === 'delivered' || state === 'reported';

const isDead = (state: SessionState | null): boolean =>
  state === null || state === 'failed' || state === 'cancelled' || state === 'stopped';

/** Whoever has the name now: a `retry` gave it to another session. Null when nobody has it. */
function stateOf({ home, runtimeDir, record }: HostContext, name: string): SessionState | null {
  const named = listNames(home, record.repo?.key ?? null).find((one) => one.name === name);
  return named === undefined ? null : (readSessionOrNull(home, runtimeDir, named.id)?.state ?? null);
}

/**
 * A `retry` stops the old session before the new one has its name. It holds the lock on the name meanwhile: what is
 * seen to be dead while nobody holds that is dead.
 */
async function firstDead(context: HostContext, names: readonly string[]): Promise<string | null> {
  const { home, record } = context;
  const locks = path.join(repoPaths(home, record.repo?.key ?? NO_REPOSITORY).dir, 'removing');
  for (const name of names.filter((each) => isDead(stateOf(context, each)))) {
    mkdirSync(locks, { recursive: true, mode: 0o700 });
    const lock = await tryLock(path.join(locks, `${name}.lock`));
    if (lock === null) continue;
    try {
      if (isDead(stateOf(context, name))) return name;
    } finally {
      lock.release();
    }
  }
  return null;
}
