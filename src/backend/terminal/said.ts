import { callbacksOnScreen } from '../../callback/screen.ts';
import { parseCallback } from '../../callback/parse.ts';
import { findBox } from '../../agents/terminal/input-box.ts';
import type { BoxShape } from '../../agents/terminal/profile.ts';

/** Of what was on the screen, so much of its end is compared and told. */
const MAX_CHARS = 64 * 1024;

/** What a turn left behind: each where the next one is missing, and all of them looked at for a callback. */
export interface TurnWords {
  /** The whole screen, with what scrolled off, before and after. */
  readonly before: string;
  readonly after: string;
  readonly box: BoxShape;
  /** From the agent's own hook, verbatim; null when there was none. */
  readonly hookMessage: string | null;
  /** The callback file's content; null when there is none. */
  readonly callback: string | null;
}

/** What the agent said, for people: its hook's words, or what is new on the screen. */
export function wordsOf({ before, after, box, hookMessage }: TurnWords): string {
  return hookMessage ?? newText(before, after, box);
}

/**
 * The turn's last message, in which the callback is looked for: what the screen shows, then the hook, then the file, so
 * that of several the surest is the last.
 */
export function lastMessage(facts: TurnWords): string {
  const old = new Set(callbacksOnScreen(facts.before));
  const shown = callbacksOnScreen(facts.after).filter(
    (text) => !old.has(text) && parseCallback(text).type === 'callback',
  );
  // A message from a hook has its own block, whole; the screen's copy of it has lost blanks.
  const fromScreen = facts.hookMessage === null ? shown : [];
  return [...fromScreen.map(fenced), wordsOf(facts), ...(facts.callback === null ? [] : [fenced(facts.callback)])]
    .filter((text) => text !== '')
    .join('\n\n');
}

export const fenced = (json: string): string => `\`\`\`callback-json\n${json}\n\`\`\``;

/** Lines that were not there before, without the input box. A line that was there and is said again is left out. */
function newText(before: string, after: string, shape: BoxShape): string {
  const known = new Set(
    before
      .slice(-MAX_CHARS)
      .split('\n')
      .map((line) => line.trim()),
  );
  const lines = after
    .slice(-MAX_CHARS)
    .split('\n')
    .map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  const box = findBox(lines, shape);
  const above = box === null ? lines : lines.slice(0, box.from);
  const fresh = above.filter((line) => line === '' || !known.has(line.trim()));
  // The frames of boxes and rules say nothing.
  const words = fresh.filter((line) => !/^[\s╭╮╰╯│┃┌┐└┘├┤─━═╌▀▄╹]+$/.test(line) || line === '');
  return words
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
