import { choicesIn, questionMark, type Choice } from '../../agents/terminal/choices.ts';
import type { Clock } from '../../clock.ts';
import type { Look } from './agent-pane.ts';
import { pauseFor } from './calm.ts';

/** What answering a question needs of the pane it stands in. */
export interface ChoosePort {
  look(): Promise<Look | null>;
  press(keys: readonly string[]): Promise<void>;
  readonly clock: Clock;
}

const LOOK_PAUSE_MS = 50;
/** Until a key shows. */
const MOVED_PATIENCE_MS = 1_500;

/**
 * What makes it the same question when it is drawn again: its words and choices, and the very command that is judged,
 * from where that begins, however long it is.
 */
export function markOf({ screen, state }: Look): string {
  const command = state.type === 'permission' ? state.command : null;
  return command === null || command.isCut ? questionMark(screen) : `${command.readings[0]}\n${questionMark(screen)}`;
}

/** Whether the screen still asks the question with this mark. */
export const stillAsks = (look: Look | null, mark: string): look is Look =>
  look !== null && look.state.type !== 'ready' && look.state.type !== 'busy' && markOf(look) === mark;

/**
 * Answers the question with this mark by the choice of that name. Every key goes to the very question that was answered:
 * in a list, Enter is pressed only when the pointer was seen on the choice. @returns false when the question, or the
 * choice in it, is not there any more, or it stays where it is.
 */
export async function choose(port: ChoosePort, mark: string, name: string): Promise<boolean> {
  const look = await port.look();
  if (!stillAsks(look, mark)) return false;
  const choice = choicesIn(look.screen).find((one) => one.name === name);
  if (choice === undefined) return false;
  const { by } = choice;
  switch (by.type) {
    case 'key':
      await port.press([by.key]);
      return isGone(port, mark);
    case 'letter':
      await port.press([by.letter]);
      if (await isGone(port, mark)) return true;
      await port.press(['Enter']);
      return isGone(port, mark);
    case 'list':
      return (await pointAt(port, mark, choice)) && (await enter(port, mark));
  }
}

async function enter(port: ChoosePort, mark: string): Promise<boolean> {
  await port.press(['Enter']);
  return isGone(port, mark);
}

/** Moves the pointer there; true when it was seen there last. */
async function pointAt(port: ChoosePort, mark: string, { name }: Choice): Promise<boolean> {
  for (let moved = 0; ; moved += 1) {
    const look = await port.look();
    if (!stillAsks(look, mark)) return false;
    const list = choicesIn(look.screen).filter(({ by }) => by.type === 'list');
    const target = list.findIndex((one) => one.name === name);
    const at = list.findIndex(({ by }) => by.type === 'list' && by.isPointedAt);
    if (target < 0 || at < 0 || moved > list.length) return false;
    if (at === target) return true;
    await port.press([at < target ? 'Down' : 'Up']);
    if (!(await until(port, (next) => next?.screen !== look.screen))) return false;
  }
}

const isGone = (port: ChoosePort, mark: string): Promise<boolean> => until(port, (look) => !stillAsks(look, mark));

async function until(port: ChoosePort, fits: (look: Look | null) => boolean): Promise<boolean> {
  const end = port.clock.monotonic() + MOVED_PATIENCE_MS;
  for (;;) {
    if (fits(await port.look())) return true;
    if (port.clock.monotonic() > end) return false;
    await pauseFor(LOOK_PAUSE_MS, port.clock);
  }
}
