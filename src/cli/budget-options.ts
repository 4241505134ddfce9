import { MAX_COST, MAX_TOKENS } from '../config/budget-limits.ts';
import { InvalidValue, type VerbCommand } from './verb-command.ts';

/** Adds the options that limit what a session's turns may take. */
export const budgetOptions = (command: VerbCommand): VerbCommand =>
  command
    .option(
      '--max-tokens <n>',
      'begin no further turn when its turns have taken so many (200000, 200k, 2M)',
      parseTokens,
    )
    .option(
      '--max-cost <amount>',
      "begin no further turn when its turns have cost so much, in the agent's currency",
      parseCost,
    );

/** `200000`, `200k`, `1.5M`. */
export function parseTokens(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([kKmM])?$/.exec(text.trim()) ?? [];
  const exact = Number(amount) * (UNITS[unit.toLowerCase()] ?? NaN);
  const count = Math.round(exact);
  // 1.005k is 1005 and not 1004.9999999999999; half a token is a mistake.
  if (Math.abs(exact - count) < 1e-6 && count >= 1 && count <= MAX_TOKENS) return count;
  throw new InvalidValue('Use a number of tokens such as 50000, 200k or 2M.');
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1000, m: 1_000_000 };

/** `5`, `0.5`. */
export function parseCost(text: string): number {
  const cost = /^\d{1,9}(?:\.\d{1,9})?$/.test(text.trim()) ? Number(text) : NaN;
  if (cost > 0 && cost <= MAX_COST) return cost;
  throw new InvalidValue('Use an amount above 0, such as 5 or 0.50.');
}
