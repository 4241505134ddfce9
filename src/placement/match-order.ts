import path from 'node:path';
import * as z from 'zod';
import { readJson, replaceJson } from '../tmux/run-directory.ts';
import { runRoot } from './ledger.ts';

const orderSchema = z.object({
  terminalId: z.string(),
  terminalName: z.string(),
  /** Of the session that is told. */
  sessionId: z.string(),
  pattern: z.string(),
  logFile: z.string(),
  /** What stood in the log before is old news. */
  fromByte: z.number(),
  /** How often the session is told at most, and how long lines are gathered in between. */
  times: z.number(),
  pauseMs: z.number(),
  /** The process in the pane: when it is gone, nothing more will be printed. */
  process: z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() }),
});

/** Whom to tell when a terminal prints something. */
export type MatchOrder = Readonly<z.infer<typeof orderSchema>>;

/** What came of the last match. */
export interface MatchOutcome {
  readonly matched: string;
  readonly told: boolean;
  readonly problem: string | null;
  /** How often the session was told, or could not be. */
  readonly times: number;
}

const fileIn = (home: string, terminalId: string, name: string): string => path.join(runRoot(home, terminalId), name);

export const orderFile = (home: string, terminalId: string): string => fileIn(home, terminalId, 'match-order.json');
const outcomeFile = (order: string): string => path.join(path.dirname(order), 'match-outcome.json');

export const writeOrder = (file: string, order: MatchOrder): void => replaceJson(file, order);
export const readOrder = (file: string): MatchOrder | null => readJson(file, orderSchema);
export const writeOutcome = (order: string, outcome: MatchOutcome): void => replaceJson(outcomeFile(order), outcome);
