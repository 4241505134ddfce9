import type { ConduxtError } from '../errors.ts';
import type { Phase, PromptState, SessionState, TellMode } from '../session/words.ts';
import type { StepName, StepOutcome } from '../session/events.ts';
import type { Receipt } from '../session/receipt.ts';

/**
 * What the command line and a host say to each other over the session's control socket: one JSON object per line, one
 * request per connection, one reply (`watch` sends many). Both sides name this version; a host of another version
 * still understands `hello`, `tell`, `cancel` and `stop`.
 */
export const PROTOCOL_VERSION = 1;

/** A prompt of 1 MiB in JSON escapes to at most six times that. */
export const MAX_CONTROL_LINE_BYTES = 8 * 1024 * 1024;

export type ControlRequest =
  | { readonly op: 'hello' }
  | TellRequest
  /**
   * `turn`: the running turn; `queued`: what is owed; `task`: both, and the task ends as cancelled. `force`: the agent is
   * not asked first; a host that does not know the word asks.
   */
  | { readonly op: 'cancel'; readonly scope: 'turn' | 'queued' | 'task'; readonly force?: boolean }
  | { readonly op: 'stop' }
  /** Starts the agent now, without a prompt, and replies when it is ready for one. Rejects as `Backend.open` does. */
  | { readonly op: 'open' }
  /** A stopped session takes prompts again. */
  | { readonly op: 'resume' }
  | { readonly op: 'answer'; readonly decisionId: string; readonly answer: string }
  /** A step by hand, with the reply when it is over. */
  | { readonly op: 'step'; readonly step: 'verify' }
  | { readonly op: 'step'; readonly step: 'pull-request' }
  | PatrolRequest
  /** What came of what a task waits for. Refused (`not-awaiting`) where it waits for nothing. */
  | { readonly op: 'phase'; readonly phase: Phase; readonly words: string }
  /** Replies now and after each sync with how much of both files is durable, until the connection ends. */
  | { readonly op: 'watch' };

export interface TellRequest {
  readonly op: 'tell';
  readonly promptId: string;
  /** Idempotency key; a second request with the same key is answered `duplicate`. */
  readonly key: string;
  readonly text: string;
  readonly mode: TellMode;
}

/**
 * The watchdog's word to a living host. `text` becomes a milestone. `wake`: look again at what is due; `renew-agent`: end
 * the agent, so that the work is taken up anew; `expire`: the decision's time is over.
 */
export type PatrolRequest =
  | { readonly op: 'patrol'; readonly act: 'milestone' | 'wake' | 'renew-agent'; readonly text: string }
  | { readonly op: 'patrol'; readonly act: 'expire'; readonly decisionId: string; readonly text: string };

export interface HelloReply {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
  readonly sessionId: string;
  readonly state: SessionState;
}

export interface TellReply {
  /** What really happened, which may be less than what was asked for: a steer that could not be injected is queued. */
  readonly outcome: 'queued' | 'steered' | 'started-turn' | 'interrupted' | 'replaced' | 'duplicate';
  readonly promptId: string;
  readonly state: PromptState;
  /** How many prompts go before it. */
  readonly ahead: number;
  /** Why a steer was queued instead. */
  readonly note?: string;
}
export interface CancelReply {
  readonly turn: 'cancelled' | 'none';
  readonly dropped: number;
  readonly task: 'cancelled' | 'unchanged';
}
export interface StopReply {
  readonly stopped: true;
  /** Processes that could not be ended. */
  readonly left: readonly number[];
}
export interface ResumeReply {
  readonly state: SessionState;
  /** Where its agent's conversation goes on; null when it never had one. */
  readonly nativeSessionId: string | null;
}
export interface AnswerReply {
  readonly decisionId: string;
  readonly answer: string;
}
export type StepReply =
  { readonly step: 'verify'; readonly receipt: Receipt } | { readonly step: StepName; readonly outcome: StepOutcome };

export interface PatrolReply {
  /** False when there was nothing to do any more. */
  readonly done: boolean;
}

export interface OpenReply {
  readonly nativeSessionId: string | null;
}

export interface PhaseReply {
  readonly phase: Phase;
}

export interface WatchReply {
  readonly journalBytes: number;
  readonly transcriptBytes: number;
}

/** The reply that belongs to each request. */
export interface Replies {
  readonly hello: HelloReply;
  readonly tell: TellReply;
  readonly cancel: CancelReply;
  readonly stop: StopReply;
  readonly open: OpenReply;
  readonly resume: ResumeReply;
  readonly answer: AnswerReply;
  readonly step: StepReply;
  readonly patrol: PatrolReply;
  readonly phase: PhaseReply;
  readonly watch: WatchReply;
}

export interface WireError {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly remedy?: string;
}
export type ReplyLine<T> =
  | { readonly v: number; readonly ok: true; readonly reply: T }
  | { readonly v: number; readonly ok: false; readonly error: WireError };

export const wireError = (error: ConduxtError): WireError => ({
  code: error.code,
  exitCode: error.exitCode,
  message: error.message,
  ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
});
