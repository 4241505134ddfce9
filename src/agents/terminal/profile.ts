import type { PermissionMode } from '../../session/words.ts';

/** How to start, read and drive one agent in a terminal: data only, beside `AgentProfile`. */
export interface TerminalProfile {
  /** Names of its program, the first that is found is used. */
  readonly programs: readonly string[];
  readonly packages: readonly string[];
  readonly args: readonly string[];
  /** What makes it ask, or not ask, as the session's permission mode wants it. */
  readonly permissionArgs: Readonly<Partial<Record<PermissionMode, readonly string[]>>>;
  /** Gives a new conversation the id `{id}` (a UUID); null: it chooses its own. */
  readonly newIdArgs: readonly string[] | null;
  /** Continues the conversation `{id}`; null: it cannot. */
  readonly resumeArgs: readonly string[] | null;
  /** Whether these ids are those that it uses over ACP. */
  readonly nativeId: 'same' | 'unproven';
  /** Makes it trust `{cwd}` (a TOML or JSON string) for this start alone, where it can be told so. */
  readonly trustArgs: readonly string[];
  /** The same, and other things, by its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets it read in `{dir}`, where long prompts are; empty: it may already, or asks. */
  readonly directoryArgs: readonly string[];
  /** `claude-settings`: hooks by `--settings`; `codex-notify`: a program by `-c notify=…`. */
  readonly hooks: 'claude-settings' | 'codex-notify' | null;
  /** The path of a file that it keeps open, with its conversation's id in the first group: known before its first end. */
  readonly openFile: RegExp | null;
  readonly screen: ScreenRules;
  /** Keys that end a turn, gentlest first; each group is pressed at once. */
  readonly interrupt: readonly (readonly string[])[];
  /** Keys that empty the input box. */
  readonly clear: readonly string[];
}

/** What a screen means. Patterns see the last lines of the screen, or the title; boxes are found by shape. */
export interface ScreenRules {
  readonly box: BoxShape;
  /** What stands in the box when nothing was typed. */
  readonly placeholder: RegExp | null;
  /** Busy, seen below or just above the box. Absence proves nothing. */
  readonly busy: readonly RegExp[];
  readonly busyTitle: RegExp | null;
  /** It wants a permission. */
  readonly asks: readonly RegExp[];
  /**
   * Where it draws the command that it asks about: in a frame above its question, or behind `$ ` below it. Of an agent that
   * nothing is known of, either.
   */
  readonly command: 'framed' | 'behind-prompt' | 'either';
  /** Its first choice, which Enter takes, is "yes, this once". Only then is Enter pressed. */
  readonly yesIsChosen: RegExp | null;
  /** Something only a person may answer: trust, login, onboarding. */
  readonly dialogs: readonly RegExp[];
  /** Nothing on the screen moved for so long, with an empty box and no sign of work: the turn is over. */
  readonly settleMs: number;
}

/**
 * `glyph`: a line that begins with one of `glyphs`. `rules`: between the last two horizontal lines. `bar`: lines behind
 * a thick bar, above a thick foot.
 */
export type BoxShape =
  | { readonly type: 'glyph'; readonly glyphs: string }
  | { readonly type: 'rules'; readonly glyphs: string }
  | { readonly type: 'bar' };
