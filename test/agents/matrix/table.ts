import { DRIVEN_AGENTS } from '../driven.ts';
import { CASES } from './cases.ts';
import type { Column } from './column.ts';

/** Agents against cases, as Markdown. What was not run has a dash; what failed says so. Empty when nothing was run. */
export function tableOf(columns: readonly Column[]): string {
  const shown = DRIVEN_AGENTS.flatMap(({ pinned }) => columns.filter(({ agent }) => agent === pinned.name));
  if (shown.length === 0) return '';
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['case', ...shown.map(({ title }) => title)]),
    row(['---', ...shown.map(() => '---')]),
    ...CASES.map((one) => row([one.row, ...shown.map(({ cells }) => cells[one.row] ?? '-')])),
  ].join('\n');
}

/** One sentence: in what surroundings the columns were measured. */
export const surroundingsOf = (columns: readonly Column[]): string =>
  columns.some(({ network }) => network)
    ? 'Not isolated: the network could be reached while this was measured.'
    : 'Measured in a network namespace with nothing but the loopback.';
