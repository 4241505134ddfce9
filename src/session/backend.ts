import type { FoldedSession } from './fold/session-fold.ts';
import type { SessionRecord } from './record.ts';
import type { BackendName } from './words.ts';

/** How the session's agent is talked to now: as it was started, or as it fell back since. */
export const backendNow = (record: SessionRecord, { life }: FoldedSession): BackendName =>
  life.backend ?? record.backend;
