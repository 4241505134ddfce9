import type { TestCounts } from '../../session/callback.ts';

/**
 * Finds one runner's summaries in its output (ANSI stripped, one line each) and adds them up; null when there is none.
 * Each reads only what no other runner prints, so that one test is never counted twice.
 */
export type Recogniser = (lines: readonly string[]) => TestCounts | null;

export const none: TestCounts = { passed: 0, failed: 0, skipped: 0 };

export const add = (a: TestCounts, b: TestCounts): TestCounts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** Adds up what `read` makes of each line; null when it never made anything. */
export function perLine(read: (line: string) => Partial<TestCounts> | null): Recogniser {
  return (lines) => {
    let sum: TestCounts | null = null;
    for (const line of lines) {
      const counts = read(line);
      if (counts !== null) sum = add(sum ?? none, { ...none, ...counts });
    }
    return sum;
  };
}

/** All zeros for a line that says that there was nothing to run. */
export const whenSaid = (pattern: RegExp): Recogniser => perLine((line) => (pattern.test(line) ? none : null));

export const toNumber = (text: string | undefined): number => Number(text ?? 0);

/**
 * The numbers before known words in `3 passed, 1 failed (4)`: each word once, in any order.
 * `words` says what a word counts as; a word that is not in it counts as nothing.
 */
export function countWords(text: string, words: Readonly<Record<string, keyof TestCounts | null>>): TestCounts {
  let sum = none;
  for (const [, number, word] of text.matchAll(/(\d+) ([a-z]+)/gi)) {
    const key = words[(word ?? '').toLowerCase()];
    if (key !== undefined && key !== null) sum = add(sum, { ...none, [key]: toNumber(number) });
  }
  return sum;
}
