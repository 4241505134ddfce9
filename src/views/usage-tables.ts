import type { Usage } from '../session/events.ts';
import { oneLine } from '../text/sanitize.ts';
import { cutTo, displayWidth, fit } from './columns.ts';
import { formatCount, formatCost } from './quantities.ts';
import { toned, type Line } from './tone.ts';
import type { DayUsageJson, SessionUsageJson, TurnUsageJson, UsageTotals } from './usage.ts';

const MAX_CELL = 48;
const NOTHING = '-';

/** `conduxt usage`: one line per day, and how many sessions it was. */
export const dayTable = (days: readonly DayUsageJson[]): readonly Line[] =>
  table(
    ['DAY', 'SESSIONS', ...COUNTS],
    days.map((one) => [one.day, String(one.sessions), ...countCells(one)]),
  );

export const sessionTable = (sessions: readonly SessionUsageJson[], qualified: boolean): readonly Line[] =>
  table(
    ['SESSION', 'AGENT', ...COUNTS, 'CONTEXT'],
    sessions.map((one) => [
      qualified && one.repo !== null ? `${one.repo}/${one.session}` : one.session,
      one.agent,
      ...countCells(one),
      one.context === null ? NOTHING : contextCell(one.context.tokens, one.context.size ?? undefined),
    ]),
  );

export const turnTable = (turns: readonly TurnUsageJson[]): readonly Line[] =>
  table(
    ['TURN', 'ENDED', 'PROMPT', 'END', 'INPUT', 'OUTPUT', 'TOKENS', 'COST', 'CONTEXT'],
    turns.map((one, at) => [
      String(one.turnId === '' ? '' : at + 1),
      one.endedAt.replace('T', ' ').slice(0, 19),
      one.kind,
      one.verdict,
      ...turnCells(one.usage ?? {}),
    ]),
  );

/** What a reader should know of the figures; null when they are whole. */
export function usageNote({ unreported, turns }: UsageTotals): string | null {
  if (unreported === 0) return null;
  const which = unreported === turns ? 'No turn' : `${unreported} of ${turns} turns`;
  return unreported === turns
    ? `${which} here came with a count of its tokens: their agents do not report them.`
    : `${which} came without a count of tokens; the sums are too low by them.`;
}

const COUNTS = ['TURNS', 'INPUT', 'OUTPUT', 'TOKENS', 'COST'];

function countCells(one: UsageTotals): string[] {
  const known = one.unreported < one.turns;
  const count = (tokens: number): string => (known ? formatCount(tokens) : NOTHING);
  const costs = Object.entries(one.costs).map(([currency, amount]) => formatCost(amount, currency));
  return [
    String(one.turns),
    count(one.inputTokens),
    count(one.outputTokens),
    count(one.totalTokens),
    costs.length === 0 ? NOTHING : costs.join(' + '),
  ];
}

function turnCells(usage: Usage): string[] {
  const count = (tokens: number | undefined): string => (tokens === undefined ? NOTHING : formatCount(tokens));
  return [
    count(usage.inputTokens),
    count(usage.outputTokens),
    count(usage.totalTokens),
    usage.costAmount === undefined ? NOTHING : formatCost(usage.costAmount, usage.costCurrency ?? ''),
    usage.contextTokens === undefined ? NOTHING : contextCell(usage.contextTokens, usage.contextSize),
  ];
}

const contextCell = (tokens: number, size: number | undefined): string =>
  size === undefined || size === 0
    ? formatCount(tokens)
    : `${Math.round((tokens / size) * 100)}% of ${formatCount(size)}`;

/** First columns to the left, figures to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly Line[] {
  const cells = [head, ...rows.map((row) => row.map((cell) => cutTo(oneLine(cell, 200), MAX_CELL)))];
  const widths = head.map((_, at) => Math.max(...cells.map((row) => displayWidth(row[at] ?? ''))));
  const isFigure = (at: number): boolean => at > 0 && rows.every((row) => /^[-\d]/.test(row[at] ?? ''));
  return cells.map((row, line) => {
    const text = row
      .map((cell, at) => (isFigure(at) ? cell.padStart(widths[at] ?? 0) : fit(cell, widths[at] ?? 0)))
      .join('  ');
    return line === 0 ? toned('dim', text.trimEnd()) : toned('plain', text.trimEnd());
  });
}
