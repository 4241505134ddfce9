import { add, countWords, none, perLine, toNumber, whenSaid, type Recogniser } from './recogniser.ts';

/**
 * Go names its tests only with `-v`. Without it the packages are all there is: when none of them had a test, that is
 * known; otherwise the number is not.
 */
const go: Recogniser = (lines) => {
  const isVerbose = lines.some((line) => /^=== RUN /.test(line));
  if (isVerbose) {
    // Subtests are indented and belong to their test.
    return perLine((line) => {
      const [, word] = /^--- (PASS|FAIL|SKIP): /.exec(line) ?? [];
      if (word === undefined) return null;
      return { [word === 'PASS' ? 'passed' : word === 'FAIL' ? 'failed' : 'skipped']: 1 };
    })(lines);
  }
  const packages = lines.filter((line) => /^(?:ok|FAIL|\?)? *\t/.test(line));
  const isEmpty = (line: string): boolean =>
    /\[no (?:test files|tests to run|tests)\]/.test(line) || /^\t\S+\t+coverage: 0\.0%/.test(line);
  return packages.length > 0 && packages.every(isEmpty) ? none : null;
};

const gotestsum = perLine((line) => {
  const [, tests, rest] = /^DONE (\d+) tests?((?:, \d+ \w+)*) in [\d.]+s$/.exec(line) ?? [];
  if (tests === undefined) return null;
  const others = countWords(rest ?? '', {
    skipped: 'skipped',
    failure: 'failed',
    failures: 'failed',
    error: 'failed',
    errors: 'failed',
  });
  return { ...others, passed: toNumber(tests) - others.failed - others.skipped };
});

const cargo = perLine((line) =>
  /^test result: (?:ok|FAILED)\. /.test(line)
    ? countWords(line, { passed: 'passed', failed: 'failed', ignored: 'skipped' })
    : null,
);

const nextest = perLine((line) =>
  /^ +Summary \[ *[\d.]+s\] +\d+(?:\/\d+)? tests? run:/.test(line)
    ? countWords(line.replace(/\([^)]*\)/g, '').replace(/^.*run:/, ''), {
        passed: 'passed',
        failed: 'failed',
        skipped: 'skipped',
      })
    : null,
);

/** Surefire and Failsafe: a line per class (with its time), and a total per module. */
const SUREFIRE = /^(?:\[\w+\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)(, Time elapsed)?/;
const surefire: Recogniser = (lines) => {
  const found = lines.flatMap((line) => {
    const match = SUREFIRE.exec(line);
    if (match === null) return [];
    const failed = toNumber(match[2]) + toNumber(match[3]);
    const skipped = toNumber(match[4]);
    return [
      { total: match[5] === undefined, counts: { passed: toNumber(match[1]) - failed - skipped, failed, skipped } },
    ];
  });
  if (found.length === 0) return null;
  const totals = found.filter(({ total }) => total);
  return (totals.length > 0 ? totals : found).map(({ counts }) => counts).reduce(add);
};

/** Gradle counts only when something failed, and says when a test task had no sources. */
const gradle: Recogniser = (lines) => {
  const counted = perLine((line) => {
    const [, tests, failures, skips] =
      /^(\d+) tests? completed(?:, (\d+) failed)?(?:, (\d+) skipped)?$/.exec(line) ?? [];
    if (tests === undefined) return null;
    const [failed, skipped] = [toNumber(failures), toNumber(skips)];
    return { passed: toNumber(tests) - failed - skipped, failed, skipped };
  })(lines);
  if (counted !== null) return counted;
  const tasks = lines.filter((line) => /^> Task :(?:.+:)?test\b/.test(line));
  return tasks.length > 0 && tasks.every((line) => line.endsWith(' NO-SOURCE')) ? none : null;
};

/** VSTest: `Passed!  - Failed:     0, Passed:     5, Skipped:     0, Total:     5`, one per project. */
const vstest = perLine((line) => {
  const found = /^(?:Passed|Failed|Skipped)! +- Failed: +(\d+), Passed: +(\d+), Skipped: +(\d+), Total:/.exec(line);
  return found === null
    ? null
    : { failed: toNumber(found[1]), passed: toNumber(found[2]), skipped: toNumber(found[3]) };
});
/** The terminal logger of newer SDKs: `Test summary: total: 5, failed: 1, succeeded: 4, skipped: 0, duration: 1.2s`. */
const dotnetSummary = perLine((line) => {
  const found = /^Test summary: total: \d+, failed: (\d+), succeeded: (\d+), skipped: (\d+)/.exec(line);
  return found === null
    ? null
    : { failed: toNumber(found[1]), passed: toNumber(found[2]), skipped: toNumber(found[3]) };
});

const ctest = perLine((line) => {
  const [, failures, tests] = /^\d+% tests passed, (\d+) tests? failed out of (\d+)$/.exec(line) ?? [];
  return tests === undefined ? null : { failed: toNumber(failures), passed: toNumber(tests) - toNumber(failures) };
});

/** XCTest prints a line per suite, the outermost last. */
const xctest: Recogniser = (lines) => {
  const last = lines.findLast((line) => /^\t Executed \d+ tests?, with /.test(line));
  const [, tests, skips, failures] =
    /Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures?/.exec(last ?? '') ?? [];
  if (tests === undefined) return null;
  const [failed, skipped] = [toNumber(failures), toNumber(skips)];
  return { passed: Math.max(0, toNumber(tests) - failed - skipped), failed, skipped };
};

export const compiled: readonly Recogniser[] = [
  go,
  gotestsum,
  cargo,
  nextest,
  surefire,
  gradle,
  vstest,
  dotnetSummary,
  ctest,
  xctest,
  whenSaid(/^(?:\[INFO\] No tests to run\.|No tests were found!!!|No test is available in .*)$/),
];
