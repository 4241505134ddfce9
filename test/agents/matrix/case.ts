import type { TestContext } from 'node:test';
import type { DrivenAgent } from '../driven.ts';

/** One row of the table: what every agent is taken through. */
export interface MatrixCase {
  /** The row's name. */
  readonly row: string;
  /** The sentence of its test. */
  readonly it: string;
  /**
   * What conduxt promises is asserted, for every agent; what the agent itself can do is the answer, a word for the cell.
   * An agent that cannot is no failure.
   */
  readonly run: (t: TestContext, agent: DrivenAgent) => Promise<string>;
}

export const NEVER_ASKS = 'never asks';
