import type { PermissionRule } from './permission-rule.ts';
import type { BackendName, OnCrash, PermissionMode, TaskKind } from './words.ts';

/**
 * `session.json`: what a session was started with. Written once, before its host starts, and never changed;
 * everything that happens afterwards is in the journal.
 */
export interface SessionRecord {
  readonly schemaVersion: 1;
  /** `s-<ulid>`; immutable, the name of the session's directory. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'task' | 'session' | 'ask';
  /** Null only for `ask` outside a repository. */
  readonly repo: RepoRef | null;
  /** Profile name of the agent (`claude`, `codex`, …) and how it is started. */
  readonly agent: AgentLaunch;
  readonly backend: BackendName;
  readonly requestedBackend: BackendName | 'auto';
  /** Absolute. The worktree of a task, the checkout for a plain session. */
  readonly cwd: string;
  readonly permissions: PermissionMode;
  /** Why this permission mode, as one clause that `run` prints. */
  readonly permissionsReason: string;
  /** `permissions.rules` of the configuration; absent: none. */
  readonly permissionRules?: readonly PermissionRule[];
  readonly createdAt: string;
  /** Of whoever made the session: for all that its agent, set-up, tests and git make. Absent: the host's own. */
  readonly umask?: number;
  readonly task: TaskSpec | null;
  /** What the session begins with: its text is in `prompts/`, synced before this record. Null: it waits for a `tell`. */
  readonly firstPrompt: FirstPrompt | null;
  readonly limits: SessionLimits;
  readonly hooks: SessionHooks;
  /** `base` of the configuration, for a session without a task: the guard protects it. Absent: the usual names. */
  readonly primaryBranch?: string;
  /** How the agent is driven in a terminal: of sessions on tmux, and of those that may fall back to it. */
  readonly terminal?: TerminalLaunch;
  /** Absent: `retry` for a task, `skip` for a session without one. */
  readonly onCrash?: OnCrash;
  /** What confines the writes of the agent, of set-up and of tests. Absent: nothing does. */
  readonly sandbox?: SandboxPlan;
  /** Held around the agent's turns, and shared with other programs. Absent: none is. */
  readonly turnLock?: TurnLockPlan;
}

export interface TurnLockPlan {
  /** Absolute. */
  readonly file: string;
  /** A prompt waits for it so long; then its task fails, or a person is asked. */
  readonly waitMs: number;
}

export interface SandboxPlan {
  readonly type: 'bwrap';
  /** Absolute, so that a later change of PATH starts nothing else. */
  readonly program: string;
  /** Of the configuration: absolute, or beginning with `~/`. */
  readonly writable: readonly string[];
}

export interface TerminalLaunch {
  readonly launch: AgentLaunch;
  /** Of the tmux session; another one may bear it already, so panes are found by their process. */
  readonly sessionName: string;
}

export interface FirstPrompt {
  readonly promptId: string;
  readonly kind: 'task' | 'user';
  /** The idempotency key it came with (`tell --create --key`). */
  readonly key?: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface RepoRef {
  /** Slug plus 8 hex digits of the real path of git's common directory: the folder name under `repos/`. */
  readonly key: string;
  /** Human name: the main checkout's directory name, as used in `repo/name`. */
  readonly slug: string;
  /** Absolute path of the main checkout. */
  readonly root: string;
  /** Absolute real path of git's common directory. */
  readonly commonDir: string;
}

/** The resolved program: absolute, so that a later change of PATH starts nothing else. */
export interface AgentLaunch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Additions to the allow-listed environment; never secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** A 0600 file of KEY=value lines read when the agent starts, or null. */
  readonly envFile: string | null;
  readonly version: string | null;
  /** The known agent whose program it is, under a name of the user's: `agents.<name>.like`. */
  readonly like?: string;
  /** What a person wants of the agent itself, in its own words; absent: as the agent likes. */
  readonly choices?: AgentChoices;
}

/** Which agent's ways of being started, read and asked are its own. */
export const kindOf = ({ name, like }: Pick<AgentLaunch, 'name' | 'like'>): string => like ?? name;

/** A model may bring other modes and efforts with it, so it is set first. */
export const agentChoiceNames = ['model', 'mode', 'effort'] as const;
export type AgentChoiceName = (typeof agentChoiceNames)[number];
export type AgentChoices = { readonly [name in AgentChoiceName]?: string };

export type TaskSource =
  | { readonly type: 'text' }
  | { readonly type: 'issue'; readonly forge: ForgeName; readonly number: number; readonly url: string | null }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'stdin' }
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'review'; readonly forge: ForgeName; readonly number: number; readonly url: string | null };

export type ForgeName = 'github' | 'local';

export interface TaskSpec {
  /** One line: the title, or the first line of the words, at most 80 characters. */
  readonly title: string;
  /** What the user typed, verbatim. */
  readonly words: string;
  readonly source: TaskSource;
  readonly kind: TaskKind;
  readonly branch: string;
  /** Branch name the work starts from and the pull request goes to. */
  readonly base: string;
  /** The commit of `base` when the task was made; verification settings are read from it. */
  readonly baseCommit: string;
  /** True: the branch or worktree existed and was taken over with `--adopt`. */
  readonly adopted: boolean;
  /** True: the branch is a person's, lent to this task; it is neither removed nor begun again by `retry`. */
  readonly lent: boolean;
  readonly verify: VerifyPlan;
  readonly setup: SetupPlan;
  readonly delivery: DeliveryPlan;
  readonly fixRounds: number;
  readonly reminders: number;
  readonly tags: readonly string[];
  readonly priority: number;
  /** Names of sessions in this repository that must be completed first. */
  readonly after: readonly string[];
  readonly checklist: readonly string[];
}

/**
 * The command that judges the work, fixed from the base commit before the agent starts.
 * `missing`: nothing was found, so finishing needs a person. `skipped`: the user said `--no-verify`.
 */
export type VerifyPlan =
  | {
      readonly type: 'command';
      /** argv when detected, a shell line when a person wrote it. */
      readonly command: VerifyCommand;
      readonly from: 'flag' | 'config' | 'detected';
      /** Which runner's output format to expect, e.g. `npm`, `pytest`; null when unknown. */
      readonly runner: string | null;
      readonly timeoutMs: number;
      /** When the command is run a second time, in a fresh checkout of the commit; absent: when needed. */
      readonly fresh?: FreshMode;
    }
  | { readonly type: 'missing' }
  | { readonly type: 'skipped' };

/** `when-needed`: when the tests may have passed thanks to something git does not carry. */
export type FreshMode = 'when-needed' | 'always' | 'never';

export type VerifyCommand =
  { readonly type: 'argv'; readonly argv: readonly string[] } | { readonly type: 'shell'; readonly line: string };

/** How a fresh worktree is made runnable. Paths are relative to the repository root. */
export interface SetupPlan {
  readonly commands: readonly VerifyCommand[];
  readonly from: 'config' | 'detected' | 'none';
  readonly copy: readonly string[];
  readonly link: readonly string[];
  readonly timeoutMs: number;
}

export interface DeliveryPlan {
  readonly forge: ForgeName;
  /** Name of the git remote to push to, or null when there is none. */
  readonly remote: string | null;
  readonly pullRequest: boolean;
  readonly draft: boolean;
  /** Set when the task continues an existing pull request (`--review`). */
  readonly pullRequestNumber: number | null;
}

export interface SessionLimits {
  readonly startTimeoutMs: number;
  /** Longest wait for the first update of a turn. */
  readonly firstSignTimeoutMs: number;
  /** Wall clock of one turn. */
  readonly turnTimeoutMs: number;
  /** From `session/cancel` to the agent's answer, before the process is ended. */
  readonly cancelTimeoutMs: number;
  /** Silence after which a warning is recorded; nothing is ended by silence. */
  readonly silenceWarnMs: number;
  readonly permissionTimeoutMs: number;
  /** Until the default of any other question is taken. Absent: it waits for ever. */
  readonly decisionTimeoutMs?: number;
  /** Before the first reminder to an agent that did nothing at all (its model may be out of reach); then doubled. */
  readonly reminderPauseMs: number;
  readonly hostIdleMs: number;
  /** From `conduxt run --timeout`: the whole task, or null. */
  readonly taskTimeoutMs: number | null;
  /** The session's turns may take so much together; checked between turns. Absent: as much as they like. */
  readonly maxTokens?: number;
  /** In the agent's own currency. */
  readonly maxCost?: number;
  readonly slotsPerUser: number;
  readonly slotsPerAgent: number;
  /** `run --parallel`: of the tasks that one command began, so many at once. Absent: no such cap. */
  readonly batch?: BatchLimit;
}

export interface BatchLimit {
  /** The session in whose directory the places of the batch are: the first of them. */
  readonly sessionId: string;
  readonly size: number;
}

/** What runs outside the agent: resolved from configuration when the session was made. */
export interface SessionHooks {
  readonly notify: readonly NotifyTarget[];
  /** Absolute path of the memory file; null: the one in the state directory. */
  readonly memoryFile: string | null;
  /** `memory: false`: none is written. */
  readonly memoryOff?: boolean;
}

export type NotifyTarget =
  | { readonly type: 'command'; readonly argv: readonly string[] }
  | { readonly type: 'desktop' }
  | { readonly type: 'openclaw' }
  | { readonly type: 'marker'; readonly path: string };
