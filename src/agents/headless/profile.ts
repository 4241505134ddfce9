import type { PermissionMode } from '../../session/words.ts';

/** The vocabularies in which programs tell what they do; `text`: whatever is on stdout is the agent's answer. */
export type StreamName = 'claude' | 'codex' | 'gemini' | 'opencode' | 'pi' | 'text';

/** How to start and read one agent that works on one prompt and exits: data only, beside `AgentProfile`. */
export interface HeadlessProfile {
  /** Names of its program, the first that is found is used. */
  readonly programs: readonly string[];
  readonly packages: readonly string[];
  /** The subcommand, and what makes it print events. */
  readonly args: readonly string[];
  /** What holds it to the session's permission mode. It cannot be run under a mode that is not here. */
  readonly permissions: Readonly<Partial<Record<PermissionMode, PermissionSettings>>>;
  /** Continues the conversation `{id}`, and no other; null: it cannot. */
  readonly resumeArgs: readonly string[] | null;
  /** Behind everything else. */
  readonly lastArgs: readonly string[];
  /** How the prompt goes to its stdin, which is closed behind it. It is never an argument. */
  readonly input: 'text' | 'claude-json';
  readonly stream: StreamName;
  /** What asks the guard before a tool: a hook in its settings, or given to codex by arguments, where both are known. */
  readonly hooks: 'claude-settings' | 'codex-tools' | null;
  /** Whether the ids of its conversations are those that it uses over ACP. */
  readonly nativeId: 'same' | 'unproven';
  /** How it says, before it does anything, that it has no conversation `{id}`. */
  readonly unknownConversation: RegExp | null;
  /** Whether the tokens it tells at its end are those of the turn, or of the whole conversation. */
  readonly usageOf: 'turn' | 'conversation';
}

export interface PermissionSettings {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}
