import type { Clock } from '../../clock.ts';
import type { ScreenState } from '../../agents/terminal/screen-state.ts';
import type { Look } from './agent-pane.ts';
import { Calm, pauseFor } from './calm.ts';

/** How a long text is shown in an input box. */
const PLACEHOLDER = /\[(?:Pasted (?:text|content)|paste) ?#?\d*[^\]]*\]/i;
/** A box with one placeholder and nothing else, which says how much it stands for. */
const SIZED_PLACEHOLDER = /^\[(?:Pasted (?:text|content)|paste)[^\]]*?(\d+) (line|char)[a-z]*\]$/i;
const TAIL_CHARS = 20;
/** Shorter ends stand on many a screen, and in many a person's draft: they prove nothing. */
const TELLING_TAIL_CHARS = 12;

const LOOK_PAUSE_MS = 40;
/** Until what was pasted shows; a busy machine draws late. What never shows was not delivered, as far as anybody knows. */
const SHOWN_PATIENCE_MS = 10_000;
/** A box that shows something else than our text, in a way of its own, has drawn all of it. */
const OWN_WAY_CALM_MS = 300;
/** Until Enter shows; then it is pressed again. */
const TAKEN_PATIENCE_MS = 3_000;
export const MAX_ENTERS = 3;
/** A line at a time goes with one key. */
const MAX_CLEARS = 40;
/** Until a key that clears shows. */
const CLEARED_PATIENCE_MS = 1_000;
const MAX_VAIN_CLEARS = 3;

/** What putting text into an agent's box needs of its pane. */
export interface SubmitPort {
  /** Whoever may answer what the screen asks is told by the way. */
  look(): Promise<Look | null>;
  paste(text: string): Promise<void>;
  press(keys: readonly string[]): Promise<void>;
  /** The box shows what was pasted, in this way. */
  seen(shown: string): void;
  /** The agent has the prompt, by other signs than its screen. */
  hasTaken(): boolean;
  /** Nothing is to be typed any more. */
  isOver(): boolean;
  readonly clear: readonly string[];
  readonly clock: Clock;
}

/**
 * What became of a paste. `in-box`: it still stands there after the last Enter. `unknown`: it was never seen, neither in
 * the box nor by any other sign. `over`: the turn was, before it was known.
 */
export type Delivery = 'taken' | 'in-box' | 'unknown' | 'over';

/** The end of a text without white space: wrapped or not, it is the same on the screen. */
export const tailOf = (text: string): string => squeeze(text).slice(-TAIL_CHARS);
const squeeze = (text: string): string => text.replaceAll(/\s+/g, '');

type Box = Extract<ScreenState, { readonly type: 'ready' | 'busy' }>;
const boxOf = (state: ScreenState | undefined): Box | null =>
  state?.type === 'ready' || state?.type === 'busy' ? state : null;
const asksIn = (state: ScreenState | undefined): boolean => state?.type === 'permission' || state?.type === 'dialog';

/** Whether the box holds the text with this end: a short one must be all that it holds. */
function holds({ input }: Box, tail: string): boolean {
  const shown = squeeze(input);
  return tail.length >= TELLING_TAIL_CHARS ? shown.includes(tail) : tail !== '' && shown === tail;
}

/** Whether a prompt that was pasted stands in the box: by its end, or by how it was shown when it was pasted. */
export function isInBox(
  state: ScreenState,
  { tail, shown }: { readonly tail: string; readonly shown: string },
): boolean {
  const box = boxOf(state);
  return box !== null && (holds(box, tail) || (shown !== '' && box.input === shown));
}

/** Whether the box shows nothing but a placeholder for a text of that size. */
function isPlaceholderFor(input: string, text: string): boolean {
  const [, count, unit] = SIZED_PLACEHOLDER.exec(squeezeBlanks(input)) ?? [];
  if (count === undefined) return false;
  if (unit?.toLowerCase() === 'char') return [text.length, [...text].length].includes(Number(count));
  // Some count lines, others the breaks between them.
  const breaks = text.split('\n').length - 1;
  return breaks > 0 && [breaks, breaks + 1].includes(Number(count));
}
const squeezeBlanks = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Empties the box of what somebody left there. False when it was not seen to become empty. */
export async function clearBox(port: SubmitPort): Promise<boolean> {
  let vain = 0;
  for (let tried = 0; tried < MAX_CLEARS && vain < MAX_VAIN_CLEARS; tried += 1) {
    const input = await boxText(port, () => true, CLEARED_PATIENCE_MS);
    if (input === null || input === '') return input === '';
    await port.press(port.clear);
    const after = await boxText(port, (text) => text !== input, CLEARED_PATIENCE_MS);
    // A hint that is drawn like text stays as it is, however often it is cleared.
    vain = after === null ? vain + 1 : 0;
  }
  return false;
}

/** What stands in the box, as soon as it fits; null when that does not happen in time. */
async function boxText(port: SubmitPort, fits: (text: string) => boolean, patienceMs: number): Promise<string | null> {
  const end = port.clock.monotonic() + patienceMs;
  for (;;) {
    const box = boxOf((await port.look())?.state);
    if (box !== null && fits(box.input)) return box.input;
    if (port.clock.monotonic() > end || port.isOver()) return null;
    await pause(port);
  }
}

/**
 * Pastes once into a box that is empty, and presses Enter only when the text was seen in it. Nothing is pasted again,
 * whatever comes of it.
 * @param before what stood on the screen, so that an echo of the prompt is told from what was there.
 */
export async function deliver(port: SubmitPort, text: string, before: string): Promise<Delivery> {
  await port.paste(text);
  return finishDelivery(port, { text, tail: tailOf(text), before, mayBeEntered: false });
}

interface DeliveryFacts {
  /** What was pasted; null when nobody knows any more than its end. */
  readonly text: string | null;
  readonly tail: string;
  readonly before: string;
  /** By a host that died: nor is it known whether it pasted at all, so that the box may hold a person's own words. */
  readonly mayBeEntered: boolean;
}

/** The rest of a delivery whose paste was made, perhaps by a host that died. */
export async function finishDelivery(port: SubmitPort, facts: DeliveryFacts): Promise<Delivery> {
  const seen = await untilSeen(port, facts);
  if (typeof seen === 'string') return seen;
  port.seen(seen.input);
  return enterUntilTaken(port, facts.tail, seen.input);
}

async function untilSeen(
  port: SubmitPort,
  { text, tail, before, mayBeEntered }: DeliveryFacts,
): Promise<Exclude<Delivery, 'in-box'> | Box> {
  const calm = new Calm(port.clock);
  let end = port.clock.monotonic() + SHOWN_PATIENCE_MS;
  for (;;) {
    const look = await port.look();
    if (port.isOver() || look?.state.type === 'shell') return 'over';
    if (port.hasTaken()) return 'taken';
    const box = boxOf(look?.state);
    if (look !== null && box !== null) {
      if (holds(box, tail)) return box;
      const calmMs = calm.see(box.input);
      if (mayBeEntered) {
        if (text !== null && isPlaceholderFor(box.input, text)) return box;
      } else if (PLACEHOLDER.test(box.input) || (box.input !== '' && calmMs >= OWN_WAY_CALM_MS)) {
        // It was empty right before: what stands there now came with the paste, however the agent draws it.
        return box;
      }
      if (box.input === '' && isEchoed(look.screen, before, tail)) return 'taken';
      if (box.type === 'busy' && mayBeEntered) return 'taken';
    }
    // A person's time to answer is not the agent's.
    if (asksIn(look?.state)) end = port.clock.monotonic() + SHOWN_PATIENCE_MS;
    if (port.clock.monotonic() > end) return 'unknown';
    await pause(port);
  }
}

/** The agent shows, above its box, what it was told. */
function isEchoed(screen: string, before: string, tail: string): boolean {
  if (tail.length < TELLING_TAIL_CHARS) return false;
  const times = (text: string): number => squeeze(text).split(tail).length - 1;
  return times(screen) > times(before);
}

/** Presses Enter until the text has left the box: only while it is seen there, never into anything else. */
async function enterUntilTaken(port: SubmitPort, tail: string, shown: string): Promise<Delivery> {
  const isStill = (box: Box): boolean => isInBox(box, { tail, shown });
  for (let enters = 0; enters < MAX_ENTERS; enters += 1) {
    await port.press(['Enter']);
    let end = port.clock.monotonic() + TAKEN_PATIENCE_MS;
    for (;;) {
      const look = await port.look();
      if (port.isOver() || look?.state.type === 'shell') return 'over';
      if (port.hasTaken()) return 'taken';
      const box = boxOf(look?.state);
      if (box !== null && !isStill(box)) return 'taken';
      // Without a box nothing is known, and no key is pressed: the clocks of the turn end this.
      if (box === null) end = port.clock.monotonic() + TAKEN_PATIENCE_MS;
      else if (port.clock.monotonic() > end) break;
      await pause(port);
    }
  }
  return 'in-box';
}

const pause = ({ clock }: SubmitPort): Promise<void> => pauseFor(LOOK_PAUSE_MS, clock);
