import { ConduxtError } from '../../errors.ts';
import { deriveState } from '../../session/derive-state.ts';
import { applyRecord, emptySession, type FoldedSession } from '../../session/fold/session-fold.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { Cursor } from '../../store/cursor.ts';
import { follow, type Followed } from '../../store/follow.ts';
import type { SessionPaths } from '../../store/paths.ts';
import { isSettled, type SessionFacts } from '../../views/outcome.ts';
import { recordsUpTo } from './records-up-to.ts';

export interface FollowRequest {
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  readonly since: Cursor;
  /** Called with everything after `since`, in order. */
  readonly show: (followed: Exclude<Followed, { source: 'caught-up' }>) => void;
  /** Stops following; the work goes on. */
  readonly signal: AbortSignal;
  /** Starts a host when the old one died with work owed; null for those who only look on. */
  readonly revive: (() => Promise<void>) | null;
  /** Also ends when this holds, for those who wait for less than the end. */
  readonly until?: (facts: SessionFacts) => boolean;
}

/** A host that dies again and again is not started for ever. */
const MAX_REVIVALS = 3;

/**
 * Follows a session until nothing more happens by itself, or until `signal` aborts.
 * @returns the session at that moment, and whether it is settled.
 */
export async function followSession(request: FollowRequest): Promise<SessionFacts & { readonly settled: boolean }> {
  const { record, paths, since, signal } = request;
  const folded = foldUpTo(paths, since);
  let hostAlive = true;
  let revivals = 0;
  const facts = (): SessionFacts => ({ record, folded, state: deriveState(folded, record, hostAlive) });
  for await (const followed of follow({ paths, since, live: true, signal })) {
    if (followed.source !== 'caught-up') {
      if (followed.source === 'journal') {
        // Each new host may die once more before we give up: it got as far as writing.
        if (followed.record.type === 'turn-ended') revivals = 0;
        applyRecord(folded, followed.record);
      }
      request.show(followed);
      continue;
    }
    hostAlive = followed.hostAlive;
    const now = facts();
    if (isSettled(now.state) || request.until?.(now) === true) return { ...now, settled: true };
    if (now.state !== 'crashed' || request.revive === null) continue;
    revivals += 1;
    if (revivals > MAX_REVIVALS) return { ...now, settled: true };
    await reviveUnlessHeld(request.revive);
  }
  return { ...facts(), settled: false };
}

/** Somebody else may be starting a host at the same time: then it is theirs that we follow. */
async function reviveUnlessHeld(revive: () => Promise<void>): Promise<void> {
  try {
    await revive();
  } catch (error) {
    if (!(error instanceof ConduxtError) || error.exitCode !== 75) throw error;
  }
}

/** The state at a cursor: what was seen before it counts as well. */
function foldUpTo(paths: SessionPaths, since: Cursor): FoldedSession {
  const folded = emptySession();
  for (const record of recordsUpTo(paths, since)) applyRecord(folded, record);
  return folded;
}
