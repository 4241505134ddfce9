import type { AgentNews } from '../session/agent-news.ts';
import type { TurnFailure, Usage, ProcessIdentity } from '../session/events.ts';
import type { HistoryItem } from '../session/history.ts';
import type { AgentChoices } from '../session/record.ts';
import type { BackendName } from '../session/words.ts';

/** How conduxt talks to one kind of agent connection. Three implementations: `acp/`, `terminal/` and `headless/`. */
export interface Backend {
  readonly name: BackendName;
  /**
   * Starts the agent and opens its session. Rejects with a ConduxtError (`agent-not-started`, `agent-start-timeout`,
   * `agent-login-required`, `agent-protocol`, `agent-session-lost`, `agent-choice-refused`) after ending every process it started.
   * @param listener is called in arrival order, one call at a time; a pending `update` stops reading from the agent.
   */
  open(spec: OpenSpec, listener: AgentListener): Promise<AgentSession>;
  /**
   * The agent that an earlier host left running, where agents outlive their host; null when there is none. Absent:
   * agents end with their host.
   */
  adopt?(spec: OpenSpec, listener: AgentListener): Promise<AgentSession | null>;
  /**
   * Whether an agent that asked something when it was started (`agent-dialog`) listens now, because a person answered it.
   * Absent: none is kept waiting.
   */
  listens?(): Promise<boolean>;
}

export interface OpenSpec {
  /** Our session id; goes into the agent's environment as the marker `CONDUXT_SESSION`. */
  readonly sessionId: string;
  readonly cwd: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The complete environment of the agent; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Native id to continue, or null for a new session. A session that cannot be continued is an error, never replaced. */
  readonly resume: string | null;
  /** What a person answered to the question (`mark`) at which an earlier start stopped with `agent-dialog`. */
  readonly dialogAnswer?: { readonly mark: string; readonly name: string };
  /** Its history is wanted (`AgentListener.replayed`): where the agent can replay it, the session is loaded, not resumed. */
  readonly wantsHistory?: true;
  /** Set in the agent's session before the first prompt. What it does not offer is `agent-choice-refused`. */
  readonly choices?: AgentChoices;
  /** Set where it is offered and `choices` names no mode: the one in which the agent asks us before it acts. */
  readonly askingMode?: string;
  /** The agent says that it continues sessions, but loses them: `resume` is `agent-session-lost`, and it is not asked. */
  readonly losesSessions?: true;
  /** A command goes on when its turn is cancelled: the agent is ended with it, and `resume` goes on in its session. */
  readonly leavesCommands?: true;
  readonly startTimeoutMs: number;
  readonly firstSignTimeoutMs: number;
  readonly turnTimeoutMs: number;
  readonly cancelTimeoutMs: number;
  readonly silenceWarnMs: number;
  /** Patience after stdin is closed, before TERM; and between TERM and KILL. */
  readonly closePatienceMs: number;
  readonly termPatienceMs: number;
  /** Option ids to prefer among those of one kind, best first (from the agent profile). */
  readonly preferredOptionIds: readonly string[];
}

/** An open conversation. One prompt in flight at a time; a second `prompt` while one runs is a bug and throws. */
export interface AgentSession {
  /** Null until the agent has named its conversation, which `AgentListener.named` then tells. */
  readonly nativeId: string | null;
  readonly continuity: 'new' | 'resumed' | 'loaded';
  /** It went on replaying after it had said that it was done: nobody knows whether that is all. */
  readonly replayedLate?: boolean;
  readonly agentVersion: string | null;
  readonly process: ProcessIdentity;
  readonly capabilities: AgentCapabilities;
  /** Where the agent may put its callback, besides its last message; absent where it cannot. */
  readonly callbackFile?: string;
  /** Writes down what `prompt` needs on disk, where it needs something; called right before it. @throws on a full disk. */
  prepare?(prompt: { readonly turnId: string; readonly text: string }): void;
  /** Settles when the turn is over and every update before it has been delivered. Never rejects. */
  prompt(prompt: { readonly turnId: string; readonly text: string }): Promise<TurnEnd>;
  /**
   * Injects text into the running turn, where the agent can. `started-turn`: the agent has the text, but began a turn of
   * its own with it although it was asked not to. `unknown`: the agent did not say
   * whether it took the text, so handing it over again could be a repetition.
   */
  steer(text: string): Promise<'injected' | 'started-turn' | 'not-supported' | 'no-turn' | 'unknown'>;
  /**
   * Ends the running turn: cooperative first, then by ending the process. Nothing is sent while idle.
   * @param force do not wait for the agent's courtesy, also when it has been asked already.
   */
  cancel(force?: boolean): Promise<void>;
  /**
   * Goes on with a turn that an earlier host handed over. Null when nothing shows that the agent has the prompt: then
   * its fate is unknown, and nothing was typed.
   */
  follow?(turnId: string): Promise<TurnEnd> | null;
  /**
   * Lets go of an agent that outlives us, without ending it: `Backend.adopt` finds it again. A running turn settles
   * as `released`. Absent: the agent can only be closed.
   */
  release?(): Promise<void>;
  /** Ends the agent and everything it started. Safe to call twice. */
  close(): Promise<AgentExit>;
  /** True as soon as nothing can be said to the agent any more; `exited` settles when its leftovers are ended too. */
  readonly isGone: boolean;
  /** Settles when the agent is gone, for whatever reason. */
  readonly exited: Promise<AgentExit>;
}

export interface AgentCapabilities {
  readonly resume: 'resume' | 'load' | 'native' | 'none';
  readonly nativeId: 'same' | 'mapped' | 'unproven';
  readonly steer: boolean;
  readonly permissions: boolean;
  readonly usage: boolean;
}

export interface AgentExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Pids with our marker that are still alive. */
  readonly left: readonly number[];
  /** Redacted by the caller before it is stored; at most 8 KiB. */
  readonly stderrTail: string;
}

export interface TurnEnd {
  /** `unknown` only when the agent died or the connection broke after the prompt may have reached it. */
  readonly verdict: 'done' | 'failed' | 'cancelled' | 'unknown';
  readonly stopReason: string | null;
  readonly failure?: TurnFailure;
  readonly detail?: string;
  /** The turn's messages from the last one backwards, joined from their chunks; together at most 1 MiB. */
  readonly messages: readonly string[];
  readonly toolCalls: number;
  readonly usage?: Usage;
  /** What the agent left in its phase file, where it has one. */
  readonly phase?: string;
  /** The turn has not ended: it goes on without this process, and nothing is to be recorded about it. */
  readonly released?: true;
}

export interface AgentListener {
  /** An update of the agent, as it came. A returned promise is awaited before more is read. */
  update(update: AgentUpdate): void | Promise<void>;
  /** The first sign of life of the running turn. Awaited before its update is delivered. */
  accepted(turnId: string): void | Promise<void>;
  /** The agent has named its conversation, or given it another name, after it was opened. */
  named?(nativeId: string): void | Promise<void>;
  /** What the agent replays of its conversation while it is loaded; no part of any turn. */
  replayed?(item: HistoryItem): void;
  /** The agent wants to do something. `signal` aborts when the answer is no longer needed. */
  permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer>;
  /**
   * It shows, in the middle of a turn, something that only a person can answer. `signal` aborts when it is gone.
   * @returns null when it is.
   */
  dialog?(request: DialogRequest, signal: AbortSignal): Promise<DialogAnswer | null>;
  /** Something odd about the connection: garbage on stdout, a dropped line, silence. For the milestone list and log. */
  notice(notice: BackendNotice): void;
}

/**
 * One update. `raw` is the agent's line without its newline, exactly as received (not redacted); `text` is the same in
 * characters.
 */
export interface AgentUpdate {
  readonly turnId: string | null;
  readonly raw: Buffer;
  readonly text: string;
  readonly view: AgentNews;
}
export interface PermissionRequest {
  readonly toolCallId: string | null;
  readonly title: string;
  /** ACP tool kind: read, edit, delete, move, search, execute, think, fetch, switch_mode, other; null when not given. */
  readonly kind: string | null;
  /** From structured fields, never from the title: what would be run, and which paths it names. */
  readonly command: string | null;
  /** Other ways to read `command`, where it was drawn in lines: each of them must be allowed. */
  readonly otherReadings?: readonly string[];
  /** The command as an argument vector, where the agent gave one: no shell looks at it first. */
  readonly argv?: readonly string[];
  /** The directory the command is run in, where the agent said so. */
  readonly cwd?: string;
  readonly paths: readonly string[];
  /** What it would run or touch is not known in full: command and paths are a part of it. */
  readonly isCut?: true;
}
export type PermissionAnswer =
  { readonly type: 'allow'; readonly always: boolean } | { readonly type: 'reject' } | { readonly type: 'cancelled' };

export interface DialogRequest {
  /** As it stands on the screen. */
  readonly screen: string;
  /** What it can be answered with, by names that a person can type. */
  readonly choices: readonly { readonly name: string; readonly label: string }[];
}
export type DialogAnswer =
  | { readonly type: 'choice'; readonly name: string }
  /** The turn is over: nobody wants to answer, or nobody did in time. */
  | { readonly type: 'end' };

export type BackendNotice =
  | { readonly type: 'noise'; readonly lines: number; readonly sample: string }
  | {
      readonly type: 'line-dropped';
      readonly bytes: number;
      readonly why: 'too-long' | 'bad-utf8' | 'too-deep' | 'torn';
    }
  | { readonly type: 'protocol-oddity'; readonly what: string }
  /** The agent was refused something before it did it, and told why. */
  | { readonly type: 'refused'; readonly what: string; readonly reason: string }
  /** It shows something that only a person can answer. `screen` is what stands there. */
  | { readonly type: 'asks'; readonly screen: string }
  /** `screen`: what stands there, where there is one. */
  | { readonly type: 'silent'; readonly forMs: number; readonly toolPending: boolean; readonly screen?: string }
  | { readonly type: 'stderr'; readonly text: string };
