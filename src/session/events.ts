import type { CallbackResult } from './callback.ts';
import type { Decision, DecisionEnd } from './decision.ts';
import type { GitConfigSnapshot } from './git-config.ts';
import type { Receipt } from './receipt.ts';
import type { AwaitingPhase, BackendName, Phase, PromptKind, TaskEnd } from './words.ts';

/**
 * The journal's events. Every record adds `seq`, `epoch` and `at` (`JournalRecord`).
 * A name or field written here stays readable for ever.
 */
export type SessionEvent =
  | HostStarted
  | HostStopped
  | JournalRecovered
  | PromptQueued
  | PromptDropped
  | PromptHanded
  | PromptAccepted
  | PromptSteered
  | PromptReturned
  | CancelRequested
  | TurnEnded
  | TurnRouted
  | AgentStarted
  | AgentSessionOpened
  | AgentExited
  | BackendChanged
  | TaskWaiting
  | SlotWaiting
  | SlotTaken
  | SlotReleased
  | LockWaiting
  | LockTaken
  | LockReleased
  | WorktreeReady
  | SetupFinished
  | StepsPlanned
  | StepStarted
  | StepFinished
  | BaselineChecked
  | VerificationFinished
  | DecisionOpened
  | DecisionEnded
  | GuardRefused
  | GitConfigAccepted
  | GitConfigChanged
  | MilestoneReached
  | TaskParked
  | TaskAwaiting
  | PhaseReported
  | TaskEnded
  | Notified
  | TaskEvaluated
  | SessionStopped
  | SessionResumed;

export type EventType = SessionEvent['type'];

/** One line of `journal.ndjson`. `seq` is shared with the transcript and never repeats. */
export type JournalRecord = SessionEvent & { readonly seq: number; readonly epoch: number; readonly at: string };

/** Which process on which boot: a pid alone is never identity. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot (field 22 of /proc/PID/stat) or the platform's equivalent, as text. */
  readonly startTime: string;
  readonly bootId: string;
}

/** A host has the lock and has replayed the journal. The first record of each epoch. */
export interface HostStarted {
  readonly type: 'host-started';
  readonly process: ProcessIdentity;
  readonly version: string;
}
/** A host ended by itself with nothing left to do, or because it was asked to. */
export interface HostStopped {
  readonly type: 'host-stopped';
  readonly reason: 'idle' | 'signal' | 'stopped' | 'journal-lost' | 'deposed';
}
/** A torn tail was cut off when the journal was opened. */
export interface JournalRecovered {
  readonly type: 'journal-recovered';
  readonly bytesCut: number;
}

/** Text is owed to the agent. The text itself is in `prompts/<promptId>.txt`, synced before this record. */
export interface PromptQueued {
  readonly type: 'prompt-queued';
  readonly promptId: string;
  /** The idempotency key: a second prompt with the same key is the same prompt. */
  readonly key: string;
  readonly kind: PromptKind;
  readonly bytes: number;
  readonly sha256: string;
  /** Goes before everything queued earlier (`tell --interrupt`). */
  readonly urgent?: boolean;
}
/** A prompt the agent never saw will not be sent. */
export interface PromptDropped {
  readonly type: 'prompt-dropped';
  readonly promptId: string;
  readonly reason: 'cancelled' | 'replaced' | 'task-ended' | 'stopped';
}
/** Written before the first byte reaches the agent. */
export interface PromptHanded {
  readonly type: 'prompt-handed';
  readonly promptId: string;
  readonly turnId: string;
  /** What a callback of this turn must carry. */
  readonly nonce: string;
}
/** The first sign of life of the turn was seen. */
export interface PromptAccepted {
  readonly type: 'prompt-accepted';
  readonly promptId: string;
}
/**
 * A prompt is going into the running turn instead of getting one of its own. `attempted` is written before the agent
 * sees it; `declined` puts it back into the queue; `unknown` when a host died in between.
 */
export interface PromptSteered {
  readonly type: 'prompt-steered';
  readonly promptId: string;
  readonly turnId: string;
  readonly outcome: 'attempted' | 'injected' | 'started-turn' | 'declined' | 'unknown';
}
/** A prompt was handed over, and the agent never had it, as its own history shows: it is owed again, before all others. */
export interface PromptReturned {
  readonly type: 'prompt-returned';
  readonly promptId: string;
  readonly turnId: string;
  readonly by: 'history';
}
/** A person wants the running turn ended. Written before the backend is told. */
export interface CancelRequested {
  readonly type: 'cancel-requested';
  readonly turnId: string;
}

export type TurnVerdict = 'done' | 'failed' | 'cancelled' | 'unknown';
/** Why a turn failed or is unknown; each word is shown to people as it stands. */
export type TurnFailure =
  | 'empty-turn'
  | 'agent-error'
  | 'agent-exited'
  /** The agent no longer has the conversation that it was to go on with, and did nothing. */
  | 'conversation-lost'
  | 'no-first-sign'
  | 'turn-timeout'
  | 'cancel-timeout'
  | 'unknown-stop-reason'
  | 'refusal'
  | 'max-tokens'
  | 'max-turn-requests'
  | 'auth-required'
  /** The model's quota is used up; `retryAt` of the turn's end says until when, where the agent did. */
  | 'quota'
  | 'rate-limit'
  | 'cut-stream'
  /** The turn ended as if it were done, and its last message is an error. */
  | 'error-as-success'
  | 'host-lost';

/** A turn is over. `verdict` follows what we asked for and what was seen, not the agent's stop reason alone. */
export interface TurnEnded {
  readonly type: 'turn-ended';
  readonly turnId: string;
  readonly promptId: string;
  readonly verdict: TurnVerdict;
  readonly stopReason: string | null;
  readonly failure?: TurnFailure;
  /** Original error text, redacted and bounded. */
  readonly detail?: string;
  /** ISO time before which the agent's model will not answer, in the agent's own words. */
  readonly retryAt?: string;
  readonly callback: CallbackResult;
  /** The end of the agent's last message, redacted, at most 2 KiB: what `wait` and `status` show. */
  readonly lastMessage: string;
  readonly toolCalls: number;
  readonly usage?: Usage;
  /**
   * Nobody saw its end. `transcript`: its last words were found in what had been written down; `history`: in what the
   * agent itself remembers of its conversation.
   */
  readonly settledBy?: 'transcript' | 'history';
}
/** What a turn took, as far as its agent reported it; see `usage.ts` for how turns add up. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cachedReadTokens?: number;
  readonly cachedWriteTokens?: number;
  readonly thoughtTokens?: number;
  /** Of the turn. In early journals, the fill of the context where the agent reported nothing else. */
  readonly totalTokens?: number;
  /** Of a turn: the running total of the agent's own session, as agents report it. Of a sum: what its turns cost. */
  readonly costAmount?: number;
  readonly costCurrency?: string;
  /** What this turn alone added to `costAmount`. */
  readonly turnCostAmount?: number;
  /** Tokens in the model's context at the end of the turn, and how many fit into it. */
  readonly contextTokens?: number;
  readonly contextSize?: number;
}

/** What the end of a turn causes (see `route/`). Written once per turn of a task. */
export interface TurnRouted {
  readonly type: 'turn-routed';
  readonly turnId: string;
  readonly decision: RouteDecision;
}
export type RouteDecision =
  | { readonly type: 'deliver' }
  /** `pauseMs`: the agent did nothing at all, so whatever it could not reach gets time to come back. */
  | { readonly type: 'remind'; readonly problem: string; readonly pauseMs?: number }
  | { readonly type: 'fix'; readonly reason: string }
  | { readonly type: 'clarify'; readonly question: string }
  /** A person decides first; `detail` is what is known, as a clause. */
  | { readonly type: 'ask'; readonly about: 'crash' | 'login'; readonly detail: string }
  | { readonly type: 'recover' }
  /** The model will not answer before `until`: the task is parked, and then goes on by itself. */
  | { readonly type: 'wait'; readonly reason: string; readonly until: string }
  | { readonly type: 'end'; readonly end: TaskEnd; readonly reason: string; readonly code?: TaskEndCode }
  /** A later prompt is owed, or the turn was not about the task: nothing follows. */
  | { readonly type: 'nothing'; readonly why: 'superseded' | 'cancelled' | 'no-task' };

export interface AgentStarted {
  readonly type: 'agent-started';
  readonly process: ProcessIdentity;
  readonly command: string;
  readonly args: readonly string[];
}
/** The agent's own session is open. */
export interface AgentSessionOpened {
  readonly type: 'agent-session';
  /** Null as long as the agent has not named it: one that runs headless does so in its first turn. */
  readonly nativeId: string | null;
  readonly continuity: 'new' | 'resumed' | 'loaded';
  readonly agentVersion: string | null;
  /** Only when the agent's session could not be continued although there was one. */
  readonly lost?: string;
}
export interface AgentExited {
  readonly type: 'agent-exited';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Processes with our marker that could not be ended; empty is the normal case. */
  readonly left: readonly number[];
  readonly stderrTail: string;
}

/** The agent is talked to another way from here on: the first way failed. What it did so far is in the worktree. */
export interface BackendChanged {
  readonly type: 'backend-changed';
  readonly from: BackendName;
  readonly to: BackendName;
  readonly reason: string;
  /** Whether the same conversation goes on there; otherwise the agent is told what it has forgotten. */
  readonly conversation: 'kept' | 'lost';
}

/** The task begins when these others have completed (`--after`); written again when the list grows shorter. */
export interface TaskWaiting {
  readonly type: 'task-waiting';
  readonly for: readonly string[];
}
export interface SlotWaiting {
  readonly type: 'slot-waiting';
  readonly cap: number;
  /** `batch`: the tasks of one `run --parallel`. */
  readonly scope: 'user' | 'agent' | 'batch';
}
export interface SlotTaken {
  readonly type: 'slot-taken';
}
export interface SlotReleased {
  readonly type: 'slot-released';
}

/** The lock that agents share is held elsewhere; its turn begins when that is over. */
export interface LockWaiting {
  readonly type: 'lock-waiting';
  readonly file: string;
}
export interface LockTaken {
  readonly type: 'lock-taken';
  readonly file: string;
}
export interface LockReleased {
  readonly type: 'lock-released';
}

export interface WorktreeReady {
  readonly type: 'worktree-ready';
  readonly path: string;
  readonly branch: string;
  readonly baseCommit: string;
  readonly created: boolean;
}
/** The worktree was made runnable, or could not be. */
export interface SetupFinished {
  readonly type: 'setup-finished';
  readonly ok: boolean;
  readonly command: string | null;
  readonly exitCode: number | null;
  readonly excerpt: string;
  readonly durationMs: number;
}

export type StepName = 'verify' | 'push' | 'pull-request';
/** The steps a valid callback causes, in order. `planId` is the turn's id. */
export interface StepsPlanned {
  readonly type: 'steps-planned';
  readonly planId: string;
  readonly steps: readonly StepName[];
}
export interface StepStarted {
  readonly type: 'step-started';
  readonly planId: string;
  readonly step: StepName;
}
export interface StepFinished {
  readonly type: 'step-finished';
  readonly planId: string;
  readonly step: StepName;
  readonly outcome: StepOutcome;
}
export type StepOutcome =
  | { readonly type: 'ok' }
  | { readonly type: 'pushed'; readonly remote: string; readonly commit: string }
  | {
      readonly type: 'pull-request';
      readonly url: string;
      readonly number: number | null;
      readonly created: boolean;
      /** Of one that was open already: where what is new was written. */
      readonly updated?: 'body' | 'comment' | 'unchanged';
      /** Files other running tasks' branches also touch, by task name. */
      readonly conflicts: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly type: 'skipped'; readonly why: string }
  /** The work is safe; only this step is not. `remedy` is what a person does next. */
  | { readonly type: 'blocked'; readonly why: string; readonly remedy: string };

export interface VerificationFinished {
  readonly type: 'verification-finished';
  /** The plan it belongs to, or null for `conduxt verify` by hand. */
  readonly planId: string | null;
  readonly receipt: Receipt;
  /** What the receipt causes; null by hand. */
  readonly decision: RouteDecision | null;
}

/**
 * The first red verification was compared with the base commit: what was red before is said, and gives the agent one
 * fix round more.
 */
export interface BaselineChecked {
  readonly type: 'baseline-checked';
  readonly receipt: Receipt;
}

export interface DecisionOpened {
  readonly type: 'decision-opened';
  readonly decision: Decision;
}
export interface DecisionEnded {
  readonly type: 'decision-ended';
  readonly decisionId: string;
  readonly end: DecisionEnd;
}

/** The guard refused what the agent asked for, whatever the permission mode. The agent is told why with its next prompt. */
export interface GuardRefused {
  readonly type: 'guard-refused';
  /** Null between turns. */
  readonly turnId: string | null;
  readonly rule: string;
  /** What was asked for, one line, redacted. */
  readonly what: string;
  /** For the agent; one line, redacted. */
  readonly reason: string;
}
/** Git's configuration as it was before the agent started, or as it is again after a change was undone. */
export interface GitConfigAccepted {
  readonly type: 'git-config-accepted';
  readonly snapshot: GitConfigSnapshot;
}
/**
 * Git's configuration is not what was accepted: none of our git runs until the decision of this id, which is opened
 * next, is answered.
 */
export interface GitConfigChanged {
  readonly type: 'git-config-changed';
  readonly decisionId: string;
  readonly snapshot: GitConfigSnapshot;
  /** One sentence each, sanitized. */
  readonly changes: readonly string[];
}

/** Something worth telling a person: `status` shows the last one. Sanitized, one line. */
export interface MilestoneReached {
  readonly type: 'milestone';
  readonly text: string;
  readonly level?: 'info' | 'warn';
}
export interface TaskParked {
  readonly type: 'task-parked';
  readonly until: string;
  readonly reason: string;
}
/** The work is delivered, and the agent said that it waits for a review or for CI. Until the next prompt or phase. */
export interface TaskAwaiting {
  readonly type: 'task-awaiting';
  readonly phase: AwaitingPhase;
}
/** What a waiting task waited for has happened, or it waits for something else now. */
export interface PhaseReported {
  readonly type: 'phase-reported';
  readonly phase: Phase;
  /** What stood below the phase, redacted; may be empty. */
  readonly words: string;
  /** `agent`: by its phase file. `person`: by `conduxt phase`. */
  readonly by: 'agent' | 'person';
}
/** The task has its outcome. A later prompt to a finished task reopens it. */
export interface TaskEnded {
  readonly type: 'task-ended';
  readonly end: TaskEnd;
  readonly reason: string;
  /** Why, for programs; decides the exit code of a failed task. */
  readonly code?: TaskEndCode;
}
export type TaskEndCode =
  | 'agent-unavailable'
  | 'login-required'
  | 'timed-out'
  | 'set-up-failed'
  | 'dependency-failed'
  /** The lock that agents share was not free in time. */
  | 'lock-held'
  /** `--max-tokens` or `--max-cost` is used up. */
  | 'budget-used-up'
  /** The watchdog tried for hours to bring it back. */
  | 'recovery-failed';
/** People were told about one fact; it is never told twice. */
export interface Notified {
  readonly type: 'notified';
  /** `ended/<seq of task-ended>`, `awaiting/<seq of its beginning>` or `decision/<decision id>`. */
  readonly about: string;
  /** What could not be reached, as sentences; empty when all went well. */
  readonly problems: readonly string[];
}
/** Somebody judged the finished work: scores between 0 and 1 by name (correctness, completeness, …). */
export interface TaskEvaluated {
  readonly type: 'task-evaluated';
  readonly scores: Readonly<Record<string, number>>;
  readonly by: string;
}
/** `conduxt stop`: the session is over; its history stays. */
export interface SessionStopped {
  readonly type: 'session-stopped';
}
/** `conduxt resume` after a stop: it takes prompts again, in the conversation it had. What the stop dropped stays dropped. */
export interface SessionResumed {
  readonly type: 'session-resumed';
}
