/**
 * How to start, read and resume one agent: data only. Adding an agent is adding one of these, or an `agents.<name>`
 * entry in the configuration.
 */
export interface AgentProfile {
  readonly name: string;
  /** The known agent that this is, under a name of the user's. */
  readonly like?: string;
  readonly title: string;
  /** How it speaks ACP, or null when it has only a terminal. */
  readonly acp: AcpProfile | null;
  /** True when it can also be driven in a terminal (its details come with the tmux backend). */
  readonly terminal: boolean;
  /** One line a person can paste. */
  readonly install: string;
  readonly login: string;
  /** Environment variables (names, or prefixes ending in `*`) passed on to the agent beside the base list. */
  readonly environment: readonly string[];
  /** Files under HOME whose existence shows that someone logged in; any one is enough. Empty: cannot be told. */
  readonly loginFiles: readonly string[];
  /** Variables whose presence shows that the agent was set up some other way (an API key, a directory of its own). */
  readonly loginVariables?: readonly string[];
  /** Set for the agent unless the configuration says otherwise: mostly against updates in the middle of a task. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its usual model takes several times what others take: `auto` prefers it for very long tasks. */
  readonly longContext?: true;
  /** Another program it cannot do without. */
  readonly companion?: { readonly bin: string; readonly install: string };
  /** Version this profile was last run against, or null: shown as unverified. */
  readonly verified: string | null;
  /** Continues the agent's session without conduxt; `{id}` stands for the id that ACP gave it. Only where both agree. */
  readonly resumeByHand?: readonly string[];
  readonly knownFaults: readonly { readonly seenIn: string; readonly what: string }[];
}

export interface AcpProfile {
  /** Candidates in order; the first whose program is found is used. */
  readonly programs: readonly { readonly bin: string; readonly args: readonly string[] }[];
  /** npm packages that bring the program, looked for in local and global `node_modules`. */
  readonly packages: readonly string[];
  /** Names under which its program was published before: found, it is used, and the user is told. */
  readonly oldPackages?: readonly string[];
  /** `none`: it loses sessions, whatever it says about itself. */
  readonly resume: 'resume' | 'load' | 'none';
  readonly preferredOptionIds: readonly string[];
  /**
   * The modes in which it asks before it acts, for an agent that otherwise lets itself or a model of its own decide:
   * before what reaches beyond the worktree, and (`reading`) before every change. A mode that a person chose counts.
   */
  readonly askingModes?: { readonly working: string; readonly reading: string };
  /** Its commands go on when their turn is cancelled. Only where its sessions can be resumed: it is ended for that. */
  readonly leavesCommands?: true;
  /** Takes text into a running turn. Absent: it was never seen to. What counts is what it advertises when it starts. */
  readonly steer?: true;
  /** How long it takes to leave after its stdin is closed. */
  readonly closePatienceMs: number;
}
