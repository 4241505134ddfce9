import type { Decision, DecisionEnd } from '../decision.ts';
import type { HostStopped, JournalRecord, ProcessIdentity, TaskEndCode } from '../events.ts';
import type { BackendName, PromptKind, TaskEnd } from '../words.ts';

export interface Milestone {
  readonly at: string;
  readonly text: string;
  readonly level: 'info' | 'warn';
}

/** Enough for `status`; the journal keeps all of them. */
const KEPT_MILESTONES = 20;

/** Host, agent, slot, decisions, and the end. */
export interface Life {
  startedAt: string | null;
  /** When its first host started, or a person last reopened it: its time limit counts from here. */
  openedAt: string | null;
  host: {
    readonly process: ProcessIdentity;
    readonly version: string;
    readonly stopped: HostStopped['reason'] | null;
  } | null;
  agent: {
    readonly process: ProcessIdentity | null;
    readonly running: boolean;
    readonly nativeId: string | null;
    readonly version: string | null;
    /** Why the agent does not remember what was said before; null when it does, and once a prompt has told it so. */
    readonly lost: string | null;
  };
  /** What it fell back to; null while it is as the record says. */
  backend: BackendName | null;
  slot: 'none' | 'waiting' | 'taken';
  /** The one that agents share. */
  lock: 'none' | 'waiting' | 'taken';
  /** Names of the tasks that are to complete before this one begins. */
  waitsFor: readonly string[];
  readonly decisions: Map<string, Decision>;
  /** When each was asked last, also of those that have ended. */
  readonly decisionsAskedAt: Map<string, string>;
  readonly endedDecisions: Map<string, DecisionEnd>;
  milestones: Milestone[];
  /** `seq`: what was queued before it waits as well. */
  parked: { readonly until: string; readonly reason: string; readonly seq: number } | null;
  ended: {
    readonly end: TaskEnd;
    readonly reason: string;
    readonly code: TaskEndCode | null;
    readonly at: string;
    readonly seq: number;
  } | null;
  readonly notified: Set<string>;
  /** Scores of the last evaluation; null until somebody made one. */
  evaluation: Readonly<Record<string, number>> | null;
  stopped: boolean;
  /** Since the task began or was reopened. */
  fixRoundsUsed: number;
  remindersUsed: number;
  recoveriesUsed: number;
  /** How often in a row the agent's model had no answer for us. */
  waits: number;
  /** Interrupted turns that were gone on with, since one ended well. */
  recoveriesInARow: number;
}

export const newLife = (): Life => ({
  startedAt: null,
  openedAt: null,
  host: null,
  agent: { process: null, running: false, nativeId: null, version: null, lost: null },
  backend: null,
  slot: 'none',
  lock: 'none',
  waitsFor: [],
  decisions: new Map(),
  decisionsAskedAt: new Map(),
  endedDecisions: new Map(),
  milestones: [],
  parked: null,
  ended: null,
  notified: new Set(),
  evaluation: null,
  stopped: false,
  fixRoundsUsed: 0,
  remindersUsed: 0,
  recoveriesUsed: 0,
  waits: 0,
  recoveriesInARow: 0,
});

export function foldLife(life: Life, record: JournalRecord): void {
  switch (record.type) {
    case 'host-started':
      life.startedAt ??= record.at;
      life.openedAt ??= record.at;
      life.host = { process: record.process, version: record.version, stopped: null };
      // Locks die with their holder, so nothing of an earlier host still holds a slot.
      life.slot = 'none';
      life.lock = 'none';
      return;
    case 'host-stopped':
      if (life.host !== null) life.host = { ...life.host, stopped: record.reason };
      return;
    case 'agent-started':
      life.agent = { ...life.agent, process: record.process, running: true };
      return;
    case 'agent-session':
      life.agent = {
        ...life.agent,
        nativeId: record.nativeId,
        version: record.agentVersion,
        lost: record.lost ?? life.agent.lost,
      };
      return;
    case 'backend-changed':
      life.backend = record.to;
      if (record.conversation === 'lost') {
        const lost = life.agent.nativeId === null ? life.agent.lost : record.reason;
        life.agent = { ...life.agent, nativeId: null, lost };
      }
      return;
    case 'agent-exited':
      life.agent = { ...life.agent, running: false };
      return;
    case 'task-waiting':
      life.waitsFor = record.for;
      return;
    case 'slot-waiting':
      life.slot = 'waiting';
      life.waitsFor = [];
      return;
    case 'slot-taken':
      life.slot = 'taken';
      life.waitsFor = [];
      return;
    case 'slot-released':
      life.slot = 'none';
      return;
    case 'lock-waiting':
      life.lock = 'waiting';
      return;
    case 'lock-taken':
      life.lock = 'taken';
      return;
    case 'lock-released':
      life.lock = 'none';
      return;
    case 'prompt-queued':
      foldQueued(life, record.kind, record.at);
      return;
    case 'decision-opened':
      life.decisions.set(record.decision.id, record.decision);
      life.decisionsAskedAt.set(record.decision.id, record.at);
      return;
    case 'decision-ended':
      life.decisions.delete(record.decisionId);
      life.endedDecisions.set(record.decisionId, record.end);
      return;
    case 'milestone':
      life.milestones = kept(life, { at: record.at, text: record.text, level: record.level ?? 'info' });
      return;
    case 'guard-refused':
      life.milestones = kept(life, { at: record.at, text: `${record.what}: ${record.reason}`, level: 'warn' });
      return;
    case 'turn-ended':
      if (record.failure === 'conversation-lost')
        life.agent = { ...life.agent, nativeId: null, lost: record.detail ?? 'the agent does not have it any more' };
      if (record.verdict !== 'done') return;
      life.waits = 0;
      life.recoveriesInARow = 0;
      return;
    case 'turn-routed':
      life.waits = record.decision.type === 'wait' ? life.waits + 1 : 0;
      return;
    case 'task-awaiting':
      // What comes after a review is another piece of work.
      life.fixRoundsUsed = 0;
      life.remindersUsed = 0;
      life.recoveriesUsed = 0;
      return;
    case 'task-parked':
      life.parked = { until: record.until, reason: record.reason, seq: record.seq };
      return;
    case 'prompt-handed':
      life.parked = null;
      withdrawOvertaken(life);
      life.agent = { ...life.agent, lost: null };
      return;
    case 'task-ended':
      life.parked = null;
      life.waitsFor = [];
      withdrawAll(life);
      // Two who end a task at the same moment have not both ended it: the first is what people are told.
      if (life.ended !== null) return;
      life.ended = {
        end: record.end,
        reason: record.reason,
        code: record.code ?? null,
        at: record.at,
        seq: record.seq,
      };
      return;
    case 'notified':
      life.notified.add(record.about);
      return;
    case 'task-evaluated':
      life.evaluation = record.scores;
      return;
    case 'session-resumed':
      life.stopped = false;
      return;
    case 'session-stopped':
      life.stopped = true;
      withdrawAll(life);
      return;
    default:
      return;
  }
}

/** Nobody acts on an answer any more, so nothing is asked any more. */
function withdrawAll(life: Life): void {
  for (const id of life.decisions.keys()) life.endedDecisions.set(id, { type: 'withdrawn' });
  life.decisions.clear();
}

/** The agent has heard something since it asked: a question opened while that was on its way is answered by it. */
function withdrawOvertaken({ decisions, endedDecisions }: Life): void {
  for (const { id, kind } of [...decisions.values()]) {
    if (kind !== 'clarification') continue;
    decisions.delete(id);
    endedDecisions.set(id, { type: 'withdrawn' });
  }
}

const kept = ({ milestones }: Life, milestone: Milestone): Milestone[] => [
  ...milestones.slice(1 - KEPT_MILESTONES),
  milestone,
];

/** A person's word reopens a finished task with fresh budgets; our own prompts use them up. */
function foldQueued(life: Life, kind: PromptKind, at: string): void {
  switch (kind) {
    case 'task':
    case 'user':
    case 'answer':
      if (life.ended === null) return;
      life.ended = null;
      life.openedAt = at;
      life.fixRoundsUsed = 0;
      life.remindersUsed = 0;
      life.recoveriesUsed = 0;
      return;
    case 'fix':
      life.fixRoundsUsed += 1;
      return;
    case 'reminder':
      life.remindersUsed += 1;
      return;
    case 'recovery':
      life.recoveriesUsed += 1;
      life.recoveriesInARow += 1;
      return;
    case 'resume':
      return;
  }
}
