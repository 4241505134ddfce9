import { readFileSync } from 'node:fs';

/** What a turn of the scripted program does, one thing after the other. */
export type Step =
  | { readonly type: 'say'; readonly text: string }
  /** Without a shell between its words and the agent's hands: `sh -c`, in the program's directory. */
  | { readonly type: 'shell'; readonly command: string }
  /** `file`: into `$CONDUXT_CALLBACK`; `screen`: as a block in what it says, drawn as agents draw it. */
  | {
      readonly type: 'callback';
      readonly via: 'file' | 'screen';
      readonly status: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'write-file'; readonly path: string }
  | { readonly type: 'wait-for-file'; readonly path: string }
  /** Asks on the screen and waits for `1` (yes) or Escape. */
  | {
      readonly type: 'ask';
      readonly command: string;
      readonly onYes?: readonly Step[];
      /** No key does anything. */
      readonly deaf?: boolean;
      /** So long the question still stands there after a key answered it. */
      readonly lateMs?: number;
    }
  /** Draws a list whose pointer moves with the arrows, and waits for Enter. */
  | { readonly type: 'choose'; readonly question: string; readonly options: readonly string[] }
  /** The prompt stands in the input box once more, as after an Enter that came to nothing. */
  | { readonly type: 'put-back' }
  /** A line for the file of hook events, as an agent's own hook would write it. */
  | { readonly type: 'hook'; readonly event: Readonly<Record<string, unknown>> }
  /** Prints lines as fast as they go. */
  | { readonly type: 'flood'; readonly lines: number }
  | { readonly type: 'hang' }
  | { readonly type: 'exit'; readonly code?: number; readonly signal?: NodeJS.Signals };

export interface Script {
  /** What it saw, one JSON object a line. `{{session}}` is filled in. */
  readonly log?: string;
  /** How it draws: `plain` and `box` on the main screen, `alternate` on the other one, without history. */
  readonly style?: 'plain' | 'box' | 'alternate';
  /** Says in the title whether it is busy. */
  readonly title?: boolean;
  /** Busy without a word of it on the screen. */
  readonly quiet?: boolean;
  readonly startDelayMs?: number;
  /** Asked before anything else, until a person presses `key`; `bare`: in words alone. */
  readonly dialog?: { readonly text: string; readonly key: string; readonly bare?: boolean };
  /** Done when a paste comes. */
  readonly onPaste?: readonly Step[];
  /** Asked as soon as the first paste has come, until a person presses `key`. */
  readonly dialogAfterPaste?: { readonly text: string; readonly key: string };
  /** So many pastes reach nothing. */
  readonly losePastes?: number;
  /** What stands in the box in the place of a pasted text. */
  readonly pasteShownAs?: string;
  /** Works on something of its own from then on, until Escape. */
  readonly busyAfterMs?: number;
  /** So many times Enter does nothing. */
  readonly ignoreEnter?: number;
  /** Text that stands in the input box from the start. */
  readonly leftover?: string;
  /** What Escape does in a turn: `stop` it, or nothing. */
  readonly escape?: 'stop' | 'ignore';
  /** What C-c does: `exit` at once, or nothing. */
  readonly ctrlC?: 'exit' | 'ignore';
  /** The nth prompt plays the nth entry; the last one goes on. Prompts of earlier starts count. */
  readonly prompts?: readonly { readonly steps: readonly Step[] }[];
  /** Ends at once, so many starts. */
  readonly failStarts?: number;
}

/** Scripts are written by tests: what is wrong in one shows as what the program does. */
export const readScript = (file: string): Script => JSON.parse(readFileSync(file, 'utf8')) as Script;
