import type { JournalRecord, TurnEnded, Usage } from '../session/events.ts';
import { applyRecord, emptySession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import { addUsage, ownUsage } from '../session/usage.ts';
import type { PromptKind } from '../session/words.ts';

/** Null when the agent reported nothing. */
export const usageOrNull = (usage: Usage): Usage | null => (Object.keys(usage).length === 0 ? null : usage);

/** One turn of `conduxt usage <session>`. */
export interface TurnUsageJson {
  readonly turnId: string;
  readonly kind: PromptKind;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly verdict: TurnEnded['verdict'];
  /** `costAmount` is what this turn alone cost. Null: the agent reported nothing. */
  readonly usage: Usage | null;
}

/** Several turns together. */
export interface UsageTotals {
  readonly turns: number;
  /** Turns whose agent reported no tokens: the sums below are too low by them. */
  readonly unreported: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedReadTokens: number;
  readonly cachedWriteTokens: number;
  readonly thoughtTokens: number;
  readonly totalTokens: number;
  /** By currency; empty when no agent reported a cost. */
  readonly costs: Readonly<Record<string, number>>;
}

export interface SessionUsageJson extends UsageTotals {
  readonly session: string;
  readonly sessionId: string;
  readonly repo: string | null;
  readonly agent: string;
  readonly kind: SessionRecord['kind'];
  /** Of the last turn that told; null when none did. */
  readonly context: { readonly tokens: number; readonly size: number | null } | null;
  readonly lastAt: string;
}

export interface DayUsageJson extends UsageTotals {
  /** `2026-01-31`, where the reader is. */
  readonly day: string;
  readonly sessions: number;
}

export interface UsageJson {
  readonly schemaVersion: 1;
  readonly days: readonly DayUsageJson[];
  readonly sessions: readonly SessionUsageJson[];
  /** Only of one session. */
  readonly turns?: readonly TurnUsageJson[];
  readonly total: UsageTotals;
}

/** A session's turns, in order, each with what it alone took. */
export interface TurnsOfSession {
  readonly record: SessionRecord;
  readonly turns: readonly TurnUsageJson[];
}

export function turnsOf(records: Iterable<JournalRecord>): readonly TurnUsageJson[] {
  const session = emptySession();
  const turns: TurnUsageJson[] = [];
  for (const record of records) {
    const { lastCost } = session.turns.usage;
    const isDeposed = record.epoch < session.epoch;
    applyRecord(session, record);
    const { last } = session.turns;
    if (record.type !== 'turn-ended' || isDeposed || last === null) continue;
    turns.push({
      turnId: record.turnId,
      kind: last.promptKind,
      startedAt: last.startedAt,
      endedAt: record.at,
      verdict: record.verdict,
      usage: record.usage === undefined ? null : ownUsage(record.usage, lastCost),
    });
  }
  return turns;
}

/**
 * Turns by session and by day, the latest first. A turn counts for the day on which it ended.
 * @param dayOf a point in time as a day where the reader is
 */
export function usageJson(
  sessions: readonly TurnsOfSession[],
  dayOf: (iso: string) => string,
): Omit<UsageJson, 'turns'> {
  const all = sessions.flatMap(({ record, turns }) => turns.map((turn) => ({ sessionId: record.id, turn })));
  const byDay = Map.groupBy(all, ({ turn }) => dayOf(turn.endedAt));
  const days = [...byDay].map(([day, ended]): DayUsageJson => ({
    day,
    sessions: new Set(ended.map(({ sessionId }) => sessionId)).size,
    ...totals(ended.map(({ turn }) => turn)),
  }));
  return {
    schemaVersion: 1,
    days: days.toSorted((a, b) => (a.day < b.day ? 1 : -1)),
    sessions: sessions
      .filter(({ turns }) => turns.length > 0)
      .map(sessionUsage)
      .toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1)),
    total: totals(all.map(({ turn }) => turn)),
  };
}

function sessionUsage({ record, turns }: TurnsOfSession): SessionUsageJson {
  const context = turns.findLast(({ usage }) => usage?.contextTokens !== undefined)?.usage;
  return {
    session: record.name,
    sessionId: record.id,
    repo: record.repo?.slug ?? null,
    agent: record.agent.name,
    kind: record.kind,
    ...totals(turns),
    context:
      context?.contextTokens === undefined
        ? null
        : { tokens: context.contextTokens, size: context.contextSize ?? null },
    lastAt: turns.at(-1)?.endedAt ?? record.createdAt,
  };
}

export function totals(turns: readonly TurnUsageJson[]): UsageTotals {
  const sum = turns.reduce((before, { usage }) => (usage === null ? before : addUsage(before, usage)), {} as Usage);
  const costs: Record<string, number> = {};
  for (const { usage } of turns) {
    if (usage?.costAmount === undefined) continue;
    const currency = usage.costCurrency ?? '?';
    costs[currency] = addUsage({ costAmount: costs[currency] ?? 0 }, { costAmount: usage.costAmount }).costAmount ?? 0;
  }
  return {
    turns: turns.length,
    unreported: turns.filter(({ usage }) => usage?.totalTokens === undefined).length,
    inputTokens: sum.inputTokens ?? 0,
    outputTokens: sum.outputTokens ?? 0,
    cachedReadTokens: sum.cachedReadTokens ?? 0,
    cachedWriteTokens: sum.cachedWriteTokens ?? 0,
    thoughtTokens: sum.thoughtTokens ?? 0,
    totalTokens: sum.totalTokens ?? 0,
    costs,
  };
}
