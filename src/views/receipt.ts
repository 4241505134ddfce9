import { unreachable } from '../errors.ts';
import type { Receipt, Verdict } from '../session/receipt.ts';
import { oneLine, sanitize } from '../text/sanitize.ts';
import { formatDuration } from './quantities.ts';

/** Most lines of a failing test's output that are shown while following. */
const EXCERPT_LINES = 15;
const EXCERPT_END_LINES = 4;

/** One line: what the tests said, how they were run, and of which commit. */
export function receiptLine(receipt: Receipt): string {
  const how = `${oneLine(receipt.command, 80)}, ${formatDuration(receipt.durationMs)}, commit ${receipt.commit.slice(0, 10)}`;
  return `${verdictText(receipt)} (${how})`;
}

/** The verdict in words, with the counts where the runner's output could be counted, and where it was reached. */
export function verdictText(receipt: Receipt): string {
  const where = freshText(receipt);
  return where === '' ? ownVerdictText(receipt) : `${ownVerdictText(receipt)}; ${where}`;
}

/** What a fresh checkout said, and why it was asked; empty when it was not. */
export function freshText({ fresh }: Receipt): string {
  if (fresh === undefined) return '';
  const because = oneLine(fresh.because, 200);
  switch (fresh.result) {
    case 'green':
      return `also in a fresh checkout (${because})`;
    case 'red':
      return `in a fresh checkout of the commit, although green in the worktree (${because})`;
    case 'unjudged':
      return `a fresh checkout could not judge it (${because}): ${oneLine(fresh.why ?? '', 200)}`;
    case 'off':
      return `not confirmed in a fresh checkout, which is switched off (${because})`;
    default:
      return unreachable(fresh.result, 'result of a fresh checkout');
  }
}

/** One line for each branch the agent moved, with the way back. */
export const movedLines = ({ movedBranches = [] }: Receipt): readonly string[] =>
  movedBranches.map(
    ({ branch, from, to }) =>
      `the agent moved your branch ${oneLine(branch, 120)} to its own commit; back: git update-ref refs/heads/${oneLine(branch, 120)} ${from} ${to}`,
  );

function ownVerdictText({ verdict, counts, exitCode }: Receipt): string {
  switch (verdict.type) {
    case 'green':
      return counts === null
        ? 'passed (exit code 0; the output could not be counted)'
        : `passed: ${countsText(counts)}`;
    case 'red':
      return counts === null ? `failed (exit code ${exitCode ?? 'none'})` : `failed: ${countsText(counts)}`;
    case 'no-tests':
      return 'not a pass: no test was run';
    case 'dirty':
      return `not a pass: uncommitted changes in ${listed(verdict.files)}`;
    case 'astray':
      return `not a pass: ${oneLine(verdict.why, 200)}`;
    case 'no-change':
      return 'nothing was changed';
    case 'timeout':
      return 'timed out';
    case 'not-runnable':
      return `could not be run: ${oneLine(verdict.reason, 200)}`;
    case 'head-moved':
      return 'not a pass: the commit changed while it was tested';
    default:
      return unreachable(verdict, 'verdict');
  }
}

export const isGreen = (verdict: Verdict): boolean => verdict.type === 'green';

/**
 * The failing part of a run, safe to print; empty when the verdict has none. Of a long one its beginning, where the
 * runner names what failed, and its last lines, where it sums up.
 */
export function excerptLines({ verdict }: Receipt): readonly string[] {
  if (!('excerpt' in verdict)) return [];
  const lines = tailLines(verdict.excerpt, Infinity);
  if (lines.length <= EXCERPT_LINES) return lines;
  return [...lines.slice(0, EXCERPT_LINES - EXCERPT_END_LINES - 1), '[…]', ...lines.slice(-EXCERPT_END_LINES)];
}

export function tailLines(text: string, count: number = EXCERPT_LINES): readonly string[] {
  const lines = sanitize(text).trimEnd().split('\n');
  return lines.length === 1 && lines[0] === ''
    ? []
    : lines.slice(-count).map((line) => oneLineKeepingIndent(line, 160));
}

function oneLineKeepingIndent(line: string, maxChars: number): string {
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '  ') ?? '';
  return indent.slice(0, 20) + oneLine(line, maxChars);
}

const countsText = (counts: NonNullable<Receipt['counts']>): string =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

/** The first few of many names. */
export function listed(names: readonly string[], shown = 5): string {
  const first = names
    .slice(0, shown)
    .map((name) => oneLine(name, 80))
    .join(', ');
  return names.length > shown ? `${first} and ${names.length - shown} more` : first;
}
