import type { Usage } from './events.ts';

/** What turns took, added up. */
export interface UsageSum {
  /** Tokens and cost of all turns; the context as it was last. */
  readonly usage: Usage;
  /** The running total of the agent's session that was reported last. */
  readonly lastCost: { readonly amount: number; readonly currency: string | undefined } | null;
}

export const noUsage = (): UsageSum => ({ usage: {}, lastCost: null });

const COUNTS = [
  'inputTokens',
  'outputTokens',
  'cachedReadTokens',
  'cachedWriteTokens',
  'thoughtTokens',
  'totalTokens',
  'costAmount',
] as const;

/** Another turn, as its agent reported it. */
export function addTurn(sum: UsageSum, turn: Usage): UsageSum {
  const own = ownUsage(turn, sum.lastCost);
  const lastCost =
    turn.costAmount === undefined ? sum.lastCost : { amount: turn.costAmount, currency: turn.costCurrency };
  return { usage: addUsage(sum.usage, own), lastCost };
}

/** The turn with its own cost instead of the running total; `totalTokens` also where only its parts were reported. */
export function ownUsage(turn: Usage, lastCost: UsageSum['lastCost']): Usage {
  const { costAmount: _, turnCostAmount, ...rest } = turn;
  const cost = turnCostAmount ?? turnCost(turn, lastCost);
  const total = totalTokensOf(turn);
  return {
    ...rest,
    ...(total === undefined ? {} : { totalTokens: total }),
    ...(cost === undefined ? {} : { costAmount: cost }),
  };
}

/** Adds own costs and tokens; of context and currency, the later one counts. */
export function addUsage(sum: Usage, more: Usage): Usage {
  const added = COUNTS.flatMap((name): (readonly [string, number])[] => {
    const [a, b] = [sum[name], more[name]];
    return a === undefined && b === undefined ? [] : [[name, exact((a ?? 0) + (b ?? 0))]];
  });
  const counts: Usage = Object.fromEntries(added);
  return { ...sum, ...more, ...counts };
}

/**
 * What a turn cost: agents report the running total of their own session (measured: claude, opencode). A total that is
 * lower than the last one, or in another currency, is that of a session which began anew.
 */
export function turnCost({ costAmount, costCurrency }: Usage, lastCost: UsageSum['lastCost']): number | undefined {
  if (costAmount === undefined) return undefined;
  const goesOn = lastCost !== null && lastCost.currency === costCurrency && lastCost.amount <= costAmount;
  return goesOn ? exact(costAmount - lastCost.amount) : costAmount;
}

/** Without what binary fractions add: 0.1 + 0.2 is 0.3. */
const exact = (amount: number): number => Math.round(amount * 1e9) / 1e9;

/** Undefined when the agent reported no tokens. */
export function totalTokensOf({ totalTokens, inputTokens, outputTokens }: Usage): number | undefined {
  if (totalTokens !== undefined) return totalTokens;
  return inputTokens === undefined && outputTokens === undefined ? undefined : (inputTokens ?? 0) + (outputTokens ?? 0);
}

/**
 * Tokens that count against a budget. An agent that reports only the fill of its context (pi) has sent at least that
 * much, so it counts as much as is known.
 */
export const leastTokens = (own: Usage): number => totalTokensOf(own) ?? own.contextTokens ?? 0;
