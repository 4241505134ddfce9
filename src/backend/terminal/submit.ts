import type { Clock } from '../../clock.ts';
import type { ScreenState } from '../../agents/terminal/screen-state.ts';
import type { Look } from './agent-pane.ts';
import { Calm, pauseFor } from './calm.ts';

/** How a long text is shown in an input box. */
const PLACEHOLDER = /\[(?:Pasted (?:text|content)|paste) ?#?\d*[^\]]*\]/i;
const TAIL_CHARS = 20;
/** Shorter ends stand on many a screen: they prove nothing outside of the box. */
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

/** Whether the text with this end still stands in the box. */
export function isInBox(state: ScreenState | null, tail: string): boolean {
  const box = boxOf(state ?? undefined);
  return box !== null && (squeeze(box.input).includes(tail) || PLACEHOLDER.test(box.input));
}

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
  return finishDelivery(port, { tail: tailOf(text), before, mayBeEntered: false });
}

/** The rest of a delivery whose paste was made, perhaps by a host that died. `mayBeEntered`: it may have pressed Enter. */
export async function finishDelivery(
  port: SubmitPort,
  facts: { readonly tail: string; readonly before: string; readonly mayBeEntered: boolean },
): Promise<Delivery> {
  const seen = await untilSeen(port, facts);
  return typeof seen === 'string' ? seen : enterUntilTaken(port, facts.tail, seen.input);
}

async function untilSeen(
  port: SubmitPort,
  { tail, before, mayBeEntered }: Parameters<typeof finishDelivery>[1],
): Promise<Exclude<Delivery, 'in-box'> | Box> {
  const calm = new Calm(port.clock);
  let end = port.clock.monotonic() + SHOWN_PATIENCE_MS;
  for (;;) {
    const look = await port.look();
    if (port.isOver() || look?.state.type === 'shell') return 'over';
    if (port.hasTaken()) return 'taken';
    const box = boxOf(look?.state);
    if (look !== null && box !== null) {
      if (isInBox(box, tail)) return box;
      // It was empty before: what stands there now came with the paste, however the agent draws it.
      const calmMs = calm.see(box.input);
      if (box.input !== '' && calmMs >= OWN_WAY_CALM_MS) return box;
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
  const isStill = (box: Box): boolean => isInBox(box, tail) || box.input === shown;
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
