import type { SessionLimits } from './record.ts';

/** What turns took since the work began, or was taken up again: against a budget. */
export interface Spent {
  readonly tokens: number;
  /** In the agent's own currency. */
  readonly cost: number;
}

/** What the ids of decisions about a budget begin with. */
export const BUDGET_DECISION = 'budget-';

/** The limit that is reached, in words; null while there is none. Turns are never broken off for it. */
export function usedUp({ tokens, cost }: Spent, { maxTokens, maxCost }: SessionLimits): string | null {
  if (maxTokens !== undefined && tokens >= maxTokens) return `${tokens} tokens of at most ${maxTokens}`;
  if (maxCost !== undefined && cost >= maxCost) return `a cost of ${Number(cost.toFixed(4))}, of at most ${maxCost}`;
  return null;
}
