import type { JournalRecord } from '../events.ts';
import type { AwaitingPhase, Phase } from '../words.ts';

/** A task whose work is delivered and that waits for a review or for CI, and what it heard of it. */
export interface Awaiting {
  /** Null while it waits for neither. */
  now: {
    readonly phase: AwaitingPhase;
    readonly since: string;
    /** Of the record it began with: people are told once of each. */
    readonly seq: number;
    /** The last phase that was said, also one that changed nothing. */
    readonly said: Phase;
  } | null;
  /** What ended the waiting, until that is settled; null: nothing, or a prompt did. */
  heard: {
    readonly phase: Extract<Phase, 'done' | 'merged' | 'failed' | 'escalate'>;
    readonly words: string;
    readonly seq: number;
  } | null;
  /** How long it waited altogether, without the waiting that goes on: none of its time limits counts that. */
  waitedMs: number;
  /** When the last phase was taken in: a turn's end, or what was heard while it waits; null: none yet. */
  lastPhaseAt: string | null;
}

export const noAwaiting = (): Awaiting => ({ now: null, heard: null, waitedMs: 0, lastPhaseAt: null });

const TAKES_PHASE: ReadonlySet<JournalRecord['type']> = new Set(['turn-ended', 'task-awaiting', 'phase-reported']);

export function foldAwaiting(awaiting: Awaiting, record: JournalRecord): void {
  if (TAKES_PHASE.has(record.type)) awaiting.lastPhaseAt = record.at;
  switch (record.type) {
    case 'task-awaiting':
      awaiting.now = { phase: record.phase, since: record.at, seq: record.seq, said: record.phase };
      return;
    case 'phase-reported':
      return foldReported(awaiting, record);
    case 'prompt-handed':
    case 'task-ended':
    case 'session-stopped':
      leave(awaiting, record.at);
      awaiting.heard = null;
      return;
    default:
      return;
  }
}

function foldReported(awaiting: Awaiting, record: Extract<JournalRecord, { readonly type: 'phase-reported' }>): void {
  const { now } = awaiting;
  const { phase, words, seq, at } = record;
  if (now === null) return;
  switch (phase) {
    case 'awaiting_review':
    case 'awaiting_ci':
      if (phase === now.phase) {
        awaiting.now = { ...now, said: phase };
        return;
      }
      leave(awaiting, at);
      awaiting.now = { phase, since: at, seq, said: phase };
      return;
    case 'crashed':
      // Nothing was under way: the next prompt finds out, and starts the agent again.
      awaiting.now = { ...now, said: phase };
      return;
    case 'done':
    case 'merged':
    case 'failed':
    case 'escalate':
      leave(awaiting, at);
      awaiting.heard = { phase, words, seq };
      return;
  }
}

function leave(awaiting: Awaiting, at: string): void {
  if (awaiting.now === null) return;
  awaiting.waitedMs += Math.max(0, Date.parse(at) - Date.parse(awaiting.now.since));
  awaiting.now = null;
}
