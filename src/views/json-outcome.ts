import type { Decision } from '../session/decision.ts';
import type { Usage } from '../session/events.ts';
import type { Receipt } from '../session/receipt.ts';
import type { SessionState } from '../session/words.ts';
import { elapsedMs } from './elapsed.ts';
import { pullRequestJson, SCHEMA_VERSION, type PullRequestJson } from './json-session.ts';
import { callbackSummary } from './said.ts';
import { usageOrNull } from './usage.ts';
import { outcomeOf, type SessionFacts } from './outcome.ts';

/** What came of one session: the last line of `run --json`, and each entry of `wait --json`. */
export interface OutcomeJson {
  readonly session: string;
  readonly sessionId: string;
  readonly state: SessionState;
  /** The exit code this session alone stands for. */
  readonly exitCode: number;
  readonly reason: string;
  readonly branch: string | null;
  readonly directory: string;
  readonly receipt: Receipt | null;
  readonly pullRequest: PullRequestJson | null;
  readonly blocked: { readonly why: string; readonly remedy: string } | null;
  readonly decisions: readonly Decision[];
  /** From the callback of the last turn; null without a valid one. */
  readonly summary: string | null;
  /** The end of what the agent said last, at most 2 KiB. */
  readonly lastMessage: string | null;
  readonly usage: Usage | null;
  readonly elapsedMs: number;
  /** True: the caller stopped following; the work goes on. */
  readonly detached: boolean;
  /** True: `wait --timeout` was over first; the work goes on. */
  readonly timedOut: boolean;
  readonly cursor: string;
}

export interface WaitJson {
  readonly schemaVersion: 1;
  readonly sessions: readonly OutcomeJson[];
}

export type FollowEnd = 'settled' | 'detached' | 'timed-out';

export function outcomeJson(facts: SessionFacts, end: FollowEnd, exitCode: number, nowMs: number): OutcomeJson {
  const { record, folded, state } = facts;
  const { delivery, turns, life } = folded;
  return {
    session: record.name,
    sessionId: record.id,
    state,
    exitCode,
    reason: outcomeOf(facts).reason,
    branch: record.task?.branch ?? null,
    directory: record.cwd,
    receipt: delivery.receipt,
    pullRequest: pullRequestJson(facts),
    blocked: delivery.blocked === null ? null : { why: delivery.blocked.why, remedy: delivery.blocked.remedy },
    decisions: [...life.decisions.values()],
    summary: callbackSummary(folded),
    lastMessage: turns.last?.end.lastMessage ?? null,
    usage: usageOrNull(turns.usage.usage),
    elapsedMs: elapsedMs(facts, nowMs),
    detached: end === 'detached',
    timedOut: end === 'timed-out',
    cursor: `${folded.epoch}:${folded.seq}`,
  };
}

export const waitJson = (sessions: readonly OutcomeJson[]): WaitJson => ({ schemaVersion: SCHEMA_VERSION, sessions });
