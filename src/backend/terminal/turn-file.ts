import * as z from 'zod';
import { readJson, replaceJson, type RunDirectory } from '../../tmux/run-directory.ts';

const schema = z.object({
  turnId: z.string(),
  /** `pasting`: the text may or may not stand in the box. `submitted`: the agent has it. */
  phase: z.enum(['pasting', 'submitted']),
  /** The end of what was pasted, without white space: how it is found again on the screen. */
  tail: z.string(),
  /** All of the box when the text was seen in it, which may be a placeholder; empty: it was not seen. */
  shown: z.string().default(''),
  promptFile: z.string(),
  /** Where the hook file ended before the prompt. */
  hookBytes: z.number(),
  /** Milliseconds since 1970. */
  pastedAtMs: z.number().default(0),
  /** What stood on the screen before the prompt. */
  before: z.string(),
});

/** How far the prompt of a turn came: the next host goes by it, and types nothing twice. */
export type TurnFile = Readonly<z.infer<typeof schema>>;

export const readTurnFile = (run: RunDirectory): TurnFile | null => readJson(run.turn, schema);
export const writeTurnFile = (run: RunDirectory, turn: TurnFile): void => replaceJson(run.turn, turn);
