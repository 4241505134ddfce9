import { stripAnsi } from '../text/sanitize.ts';
import type { TestCounts } from '../session/callback.ts';
import { add, type Recogniser } from './counts/recogniser.ts';
import { javascript } from './counts/javascript.ts';
import { python } from './counts/python.ts';
import { compiled } from './counts/compiled.ts';
import { scripting } from './counts/scripting.ts';
import { plain } from './counts/plain.ts';

/** A longer line is no summary; cutting it keeps every expression's cost small. */
const MAX_LINE_CHARACTERS = 1000;

const RECOGNISERS: readonly Recogniser[] = [...javascript, ...python, ...compiled, ...scripting];

/**
 * Counts the tests in a runner's output. Which runner it was is read from the output itself, because `npm test` and
 * `make test` hide it; several summaries (workspaces, modules, projects) are added up.
 * @returns null when nothing in the output says how many tests ran; all zeros when it says that none did.
 */
export function parseCounts(output: string): TestCounts | null {
  const lines = stripAnsi(output)
    .split(/\r\n?|\n/)
    .map((line) => line.slice(0, MAX_LINE_CHARACTERS).trimEnd());
  const found = RECOGNISERS.flatMap((recognise) => recognise(lines) ?? []);
  const counts = found.length > 0 ? found.reduce(add) : plain(lines);
  // A summary whose parts do not add up (failures outside of any test, say) must not count backwards.
  return counts === null ? null : { ...counts, passed: Math.max(0, counts.passed) };
}

/** True when the output says that not one test ran. */
export const ranNothing = (counts: TestCounts | null): boolean =>
  counts !== null && counts.passed === 0 && counts.failed === 0;
