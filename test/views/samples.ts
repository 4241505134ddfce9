import type { SessionEvent } from '../../src/session/events.ts';
import type { Receipt } from '../../src/session/receipt.ts';
import { deriveState } from '../../src/session/derive-state.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import type { ReadFacts } from '../../src/views/json-session.ts';
import { journalOf, sessionRecord } from '../session/samples.ts';
import type { Line } from '../../src/views/tone.ts';

export const receipt = (over: Partial<Receipt> = {}): Receipt => ({
  commit: 'c'.repeat(40),
  command: 'npm test',
  exitCode: 0,
  signal: null,
  counts: { passed: 12, failed: 0, skipped: 1 },
  durationMs: 3200,
  logSha256: 'a'.repeat(64),
  logFile: '/state/run/verify.log',
  verdict: { type: 'green' },
  changedJudges: [],
  at: '2026-01-01T00:00:10.000Z',
  ...over,
});

/** A session as a reader sees it after `events`. */
export function factsOf(
  events: readonly SessionEvent[],
  record: SessionRecord = sessionRecord(),
  hostAlive = true,
): ReadFacts {
  const folded = foldSession(journalOf(events));
  return { record, folded, hostAlive, state: deriveState(folded, record, hostAlive), damaged: [] };
}

export const textOf = (line: Line): string => line.map((span) => span.text).join('');

export const hostStarted: SessionEvent = {
  type: 'host-started',
  process: { pid: 4242, startTime: '12345', bootId: '00000000-0000-0000-0000-000000000000' },
  version: '0.1.0',
};
export const worktreeReady: SessionEvent = {
  type: 'worktree-ready',
  path: '/worktrees/demo/issue-78',
  branch: 'fix/issue-78',
  baseCommit: 'b'.repeat(40),
  created: true,
};
export const setUp: SessionEvent = {
  type: 'setup-finished',
  ok: true,
  command: null,
  exitCode: null,
  excerpt: '',
  durationMs: 0,
};
