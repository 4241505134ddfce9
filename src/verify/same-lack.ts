import type { Receipt } from '../session/receipt.ts';

/** How a run in a fresh checkout went; `not-set-up`: it came no further than the set-up. */
export type CheckoutRun =
  { readonly type: 'tested'; readonly receipt: Receipt } | { readonly type: 'not-set-up'; readonly excerpt: string };

/** How programs of all kinds say that something they need is not there. */
const LACK =
  /not found|no such file|(?:cannot|can't|could not|unable to|failed to) (?:find|load|open|resolve|connect|import)|no module named|not installed|cannot load such file|unresolved import|\bENOENT\b|\bECONNREFUSED\b|connection refused|is not set|MODULE_NOT_FOUND/i;

/** Exit codes of a shell that could not start a program. */
const NOT_STARTED = [126, 127];
const MAX_CHARS = 200;

/**
 * What two runs both lack, in the words of their output; null when nothing says so. Then the second tells nothing about
 * the first: tests that were red before for another reason, say, excuse nothing.
 */
export function sameLack(run: CheckoutRun, base: CheckoutRun): string | null {
  if (run.type === 'not-set-up' || base.type === 'not-set-up')
    return run.type === base.type ? 'its set-up fails there' : null;
  const [one, other] = [run.receipt, base.receipt];
  if (one.verdict.type === 'not-runnable' && other.verdict.type === 'not-runnable') return one.verdict.reason;
  const known = lackLines(other);
  const shared = [...lackLines(one)].find(([line]) => known.has(line))?.[1];
  if (shared !== undefined) return shared;
  const isNotStarted = one.exitCode !== null && NOT_STARTED.includes(one.exitCode) && one.exitCode === other.exitCode;
  return isNotStarted ? `exit code ${one.exitCode}` : null;
}

/** The lines that name something missing, as they are, by what is the same in every run of them. */
function lackLines({ verdict }: Receipt): Map<string, string> {
  const lines = 'excerpt' in verdict ? verdict.excerpt.split('\n').map((line) => line.trim()) : [];
  return new Map(
    lines.filter((line) => LACK.test(line)).map((line) => [line.replace(/\d+/g, '0'), line.slice(0, MAX_CHARS)]),
  );
}
