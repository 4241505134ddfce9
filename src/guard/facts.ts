/** What the guard has to know to judge a command. Plain text; paths are absolute and are compared as text. */
export interface GuardFacts {
  /** The branch nobody but a person changes. */
  readonly primaryBranch: string;
  /** More of that kind: the usual names, where the pull request goes to another branch. */
  readonly alsoProtected?: readonly string[];
  /** The task's own branch, or null for a session without a task. */
  readonly taskBranch: string | null;
  /** Where the agent may delete. */
  readonly worktree: string;
  /** The session's name, for messages. */
  readonly session: string;
  /** Where the command is run; the worktree when it is not said. */
  readonly cwd?: string;
  /** The agent's home directory, when it is known. */
  readonly home?: string;
}

export type RuleName =
  'force-push' | 'primary-push' | 'remove-outside' | 'api-merge' | 'primary-checkout' | 'unreadable';

export interface Denial {
  readonly rule: RuleName;
  /** For the agent: what was refused, and what to do instead. One line, not sanitized. */
  readonly reason: string;
}

/**
 * What the guard says to one command. `unseen` is what it could not look into, as clauses ("text that is not known is
 * piped into sh"): allowed, and said.
 */
export type Verdict =
  { readonly type: 'allow'; readonly unseen: readonly string[] } | ({ readonly type: 'deny' } & Denial);
