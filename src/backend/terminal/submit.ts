import type { Clock } from '../../clock.ts';
import type { ScreenState } from '../../agents/terminal/screen-state.ts';

/** How a long text is shown in an input box. */
const PLACEHOLDER = /\[(?:Pasted (?:text|content)|paste) ?#?\d*[^\]]*\]/i;
const TAIL_CHARS = 20;

const LOOK_PAUSE_MS = 40;
/** Until what was pasted shows; some draw late, and going on without having seen it is no harm. */
const SHOWN_PATIENCE_MS = 2_000;
/** Until Enter shows; then it is pressed again. */
const TAKEN_PATIENCE_MS = 3_000;
const MAX_ENTERS = 3;
/** A line at a time goes with one key. */
const MAX_CLEARS = 40;

/** What putting text into an agent's box needs of its pane. */
export interface SubmitPort {
  state(): Promise<ScreenState | null>;
  paste(text: string): Promise<void>;
  press(keys: readonly string[]): Promise<void>;
  /** The agent has the prompt, by other signs than its screen. */
  hasTaken(): boolean;
  /** Nothing is to be typed any more. */
  isOver(): boolean;
  readonly clear: readonly string[];
  readonly clock: Clock;
}

/** The end of a text without white space: wrapped or not, it is the same on the screen. */
export const tailOf = (text: string): string => squeeze(text).slice(-TAIL_CHARS);
const squeeze = (text: string): string => text.replaceAll(/\s+/g, '');

/** Whether the text with this end still stands in the box. */
export function isInBox(state: ScreenState | null, tail: string): boolean {
  if (state === null || (state.type !== 'ready' && state.type !== 'busy')) return false;
  return squeeze(state.input).includes(tail) || PLACEHOLDER.test(state.input);
}

/** Empties the box of what somebody left there. False when it does not become empty. */
export async function clearBox(port: SubmitPort): Promise<boolean> {
  let left = Infinity;
  for (let tried = 0; tried < MAX_CLEARS; tried += 1) {
    const state = await port.state();
    if (state === null || (state.type !== 'ready' && state.type !== 'busy') || state.input === '') return true;
    // A hint that is drawn like text stays as it is, however often it is cleared.
    if (tried > 3 && state.input.length >= left) return false;
    left = state.input.length;
    await port.press(port.clear);
    await pause(port);
  }
  return false;
}

/** Pastes, and waits until it shows. */
export async function pasteIntoBox(port: SubmitPort, text: string): Promise<void> {
  const tail = tailOf(text);
  await port.paste(text);
  const end = port.clock.monotonic() + SHOWN_PATIENCE_MS;
  while (!isInBox(await port.state(), tail) && port.clock.monotonic() < end && !port.isOver()) await pause(port);
}

/**
 * Presses Enter until the text has left the box. The text itself is never sent twice.
 * @returns false when it still stands there after the last Enter.
 */
export async function enterUntilTaken(port: SubmitPort, tail: string): Promise<boolean> {
  for (let enters = 0; enters < MAX_ENTERS; enters += 1) {
    if (port.isOver()) return false;
    await port.press(['Enter']);
    const end = port.clock.monotonic() + TAKEN_PATIENCE_MS;
    while (port.clock.monotonic() < end) {
      if (port.hasTaken() || port.isOver() || !isInBox(await port.state(), tail)) return true;
      await pause(port);
    }
  }
  return false;
}

const pause = ({ clock }: SubmitPort): Promise<void> =>
  new Promise((resolve) => void clock.after(LOOK_PAUSE_MS, resolve));
