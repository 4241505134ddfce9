import { countWords, perLine, toNumber, type Recogniser } from './recogniser.ts';

/** `=== 1 failed, 2 passed, 1 skipped in 0.12s ===`, or the same without the rules (`-q`). */
const PYTEST = /^=* *(?:no tests ran|\d+ [a-z]+(?:, \d+ [a-z]+)*) in \d[\d.]*s?(?: \([\d:]+\))?(?: *=+)?$/;

const pytest = perLine((line) =>
  PYTEST.test(line)
    ? countWords(line.replace(/ in \d.*$/, ''), {
        passed: 'passed',
        xpassed: 'passed',
        failed: 'failed',
        error: 'failed',
        errors: 'failed',
        skipped: 'skipped',
        xfailed: 'skipped',
      })
    : null,
);

/** `Ran 5 tests in 0.003s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`. */
const unittest: Recogniser = (lines) => {
  const blocks: { ran: number; failed: number; skipped: number }[] = [];
  for (const line of lines) {
    const [, ran] = /^Ran (\d+) tests? in [\d.]+s$/.exec(line) ?? [];
    if (ran !== undefined) blocks.push({ ran: toNumber(ran), failed: 0, skipped: 0 });
    const block = blocks.at(-1);
    const [, details] = /^(?:OK|FAILED|NO TESTS RAN) \(([^)]*)\)$/.exec(line) ?? [];
    if (block === undefined || details === undefined) continue;
    for (const [, word, number] of details.matchAll(/([a-z ]+)=(\d+)/g)) {
      if (/^ ?(failures|errors|unexpected successes)$/.test(word ?? '')) block.failed += toNumber(number);
      else block.skipped += toNumber(number);
    }
  }
  if (blocks.length === 0) return null;
  const sumOf = (key: 'ran' | 'failed' | 'skipped'): number => blocks.reduce((sum, block) => sum + block[key], 0);
  const [failed, skipped] = [sumOf('failed'), sumOf('skipped')];
  return { passed: Math.max(0, sumOf('ran') - failed - skipped), failed, skipped };
};

export const python: readonly Recogniser[] = [pytest, unittest];
