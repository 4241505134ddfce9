import { countWords, none, perLine, toNumber, whenSaid, type Recogniser } from './recogniser.ts';

/** `OK (5 tests, 10 assertions)`, or `Tests: 5, Assertions: 10, Failures: 1, Errors: 1, Skipped: 1.` */
const phpunit = perLine((line) => {
  const [, fine] = /^OK \((\d+) tests?, \d+ assertions?\)$/.exec(line) ?? [];
  if (fine !== undefined) return { passed: toNumber(fine) };
  const [, tests, rest] = /^Tests: (\d+), Assertions: \d+((?:, [A-Z][\w ]*: \d+)*)\.$/.exec(line) ?? [];
  if (tests === undefined) return null;
  let [failed, skipped] = [0, 0];
  for (const [, word, number] of (rest ?? '').matchAll(/, ([A-Z][\w ]*): (\d+)/g)) {
    if (word === 'Failures' || word === 'Errors') failed += toNumber(number);
    else if (word === 'Skipped' || word === 'Incomplete') skipped += toNumber(number);
  }
  return { passed: Math.max(0, toNumber(tests) - failed - skipped), failed, skipped };
});

/** Pest: `  Tests:    1 failed, 2 passed (5 assertions)`. */
const pest = perLine((line) =>
  /^ {2}Tests: .*\(\d+ assertions?\)$/.test(line)
    ? countWords(line.replace(/\([^)]*\)/g, ''), {
        passed: 'passed',
        failed: 'failed',
        skipped: 'skipped',
        incomplete: 'skipped',
        todos: 'skipped',
      })
    : null,
);

const rspec = perLine((line) => {
  const [, examples, failures, pending, outside] =
    /^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?(?:, (\d+) errors? occurred outside of examples)?$/.exec(
      line,
    ) ?? [];
  if (examples === undefined) return null;
  const [failed, skipped] = [toNumber(failures), toNumber(pending)];
  return { passed: toNumber(examples) - failed - skipped, failed: failed + toNumber(outside), skipped };
});

/** minitest counts `runs`, test-unit `tests`. */
const minitest = perLine((line) => {
  const [, runs, rest] = /^(\d+) (?:runs|tests), \d+ assertions((?:, \d+ \w+)+)$/.exec(line) ?? [];
  if (runs === undefined) return null;
  const others = countWords(rest ?? '', {
    failures: 'failed',
    errors: 'failed',
    skips: 'skipped',
    pendings: 'skipped',
    omissions: 'skipped',
  });
  return { ...others, passed: Math.max(0, toNumber(runs) - others.failed - others.skipped) };
});

/** ExUnit: `1 doctest, 5 tests, 1 failure, 1 excluded, 2 skipped`. */
const exunit = perLine((line) => {
  if (
    !/^(?:\d+ (?:doctests?|properties|property|features?), )*\d+ (?:tests?|doctests?|properties|property), \d+ failures?\b/.test(
      line,
    )
  ) {
    return null;
  }
  let [total, failed, skipped] = [0, 0, 0];
  for (const [, number, word] of line.matchAll(/(\d+) ([a-z]+)/g)) {
    if (/^failures?$/.test(word ?? '')) failed += toNumber(number);
    else if (/^(skipped|invalid)$/.test(word ?? '')) skipped += toNumber(number);
    else if (word !== 'excluded') total += toNumber(number);
  }
  return { passed: Math.max(0, total - failed - skipped), failed, skipped };
});

/** prove prints `Files=2, Tests=10, …` and, on success only, `Result: PASS`; without that the failures are not counted. */
const prove: Recogniser = (lines) => {
  const [, tests] = /^Files=\d+, Tests=(\d+),/.exec(lines.findLast((line) => line.startsWith('Files=')) ?? '') ?? [];
  if (tests === undefined) return null;
  if (lines.includes('Result: NOTESTS')) return none;
  return lines.includes('Result: PASS') ? { passed: toNumber(tests), failed: 0, skipped: 0 } : null;
};

export const scripting: readonly Recogniser[] = [
  phpunit,
  pest,
  rspec,
  minitest,
  exunit,
  prove,
  whenSaid(/^(?:No tests executed!|There are no tests to run)$/),
];
