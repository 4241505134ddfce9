import type { TestCounts } from '../../session/callback.ts';
import { add, countWords, none, perLine, toNumber, whenSaid, type Recogniser } from './recogniser.ts';

/** `ℹ pass 5` (node's spec reporter), `# pass 5` (its TAP), `# pass  5` (tape). */
const POINT = /^(?:ℹ|#) +(tests|pass|fail|cancelled|skipped|skip|todo) +(\d+)$/;
const POINT_MEANS: Readonly<Record<string, keyof TestCounts>> = {
  pass: 'passed',
  fail: 'failed',
  cancelled: 'failed',
  skipped: 'skipped',
  skip: 'skipped',
  todo: 'skipped',
};
/**
 * node:test reports a file in which it found no test as one passed test, named by the file's path. Such a file is either
 * empty or checks things in its own way, which the output does not tell: it is not counted, and when there is nothing
 * else, the number is unknown.
 */
const FILE_AS_TEST = /^(?:✔|ok \d+ -) (\S+)(?: \([\d.]+ms\))?$/;
/** The names under which node:test looks for test files. */
const TEST_FILE = /(?:(?:^|\/)test(?:-[^/]*)?|[._-]test|(?:^|\/)test\/.*)\.[cm]?[jt]s$/;
const isFileAsTest = (line: string): boolean => TEST_FILE.test(FILE_AS_TEST.exec(line)?.[1] ?? '');

const nodeTest: Recogniser = (lines) => {
  let sum: TestCounts | null = null;
  let filesAsTests = 0;
  for (const line of lines) {
    if (isFileAsTest(line)) filesAsTests += 1;
    const [, word = '', number] = POINT.exec(line) ?? [];
    if (word === '') continue;
    const key = POINT_MEANS[word];
    sum = add(sum ?? none, key === undefined ? none : { ...none, [key]: toNumber(number) });
  }
  if (sum === null || filesAsTests === 0) return sum;
  const passed = Math.max(0, sum.passed - filesAsTests);
  return passed + sum.failed + sum.skipped === 0 ? null : { ...sum, passed };
};

/** TAP without a summary (of its producer, or of prove): the plan and the points themselves. */
const tapPoints: Recogniser = (lines) => {
  if (lines.some((line) => POINT.test(line) || line.startsWith('Files='))) return null;
  const isTap =
    lines.some((line) => /^TAP version \d+$/.test(line)) || lines.some((line) => /^1\.\.\d+(?: |$)/.test(line));
  if (!isTap) return null;
  return perLine((line) => {
    const [, not, directive] = /^(not )?ok\b[^#]*(?:# *(\w+))?/.exec(line) ?? [];
    if (!/^(not )?ok\b/.test(line)) return /^1\.\.0\b/.test(line) ? none : null;
    if (/^(skip|todo)/i.test(directive ?? '')) return { skipped: 1 };
    return not === undefined ? { passed: 1 } : { failed: 1 };
  })(lines);
};

/** node-tap: `Asserts:  12 passed, 1 failed, of 13`. */
const nodeTap = perLine((line) =>
  /^Asserts: .* of \d+$/.test(line)
    ? countWords(line, { passed: 'passed', failed: 'failed', skip: 'skipped', todo: 'skipped' })
    : null,
);

const mocha = perLine((line) => {
  const [, number, word] = /^ {2,}(\d+) (passing|failing|pending)(?: \([^)]*\))?$/.exec(line) ?? [];
  if (word === undefined) return null;
  return { [word === 'passing' ? 'passed' : word === 'failing' ? 'failed' : 'skipped']: toNumber(number) };
});

const jest = perLine((line) =>
  /^Tests: .*\d+ total$/.test(line)
    ? countWords(line, { passed: 'passed', failed: 'failed', skipped: 'skipped', todo: 'skipped' })
    : null,
);

const vitest = perLine((line) =>
  /^ *Tests +(?:no tests|\d+ (?:passed|failed|skipped|todo).*\(\d+\))$/.test(line)
    ? countWords(line, { passed: 'passed', failed: 'failed', skipped: 'skipped', todo: 'skipped' })
    : null,
);

const ava = perLine((line) => {
  const found =
    /^ {2}(\d+) (?:tests?|known failures?|uncaught exceptions?|unhandled rejections?)(?: (passed|failed|skipped|todo))?$/.exec(
      line,
    );
  if (found === null) return null;
  const [, number, word] = found;
  if (word === 'passed') return { passed: toNumber(number) };
  if (word === 'failed' || /uncaught|unhandled/.test(line)) return { failed: toNumber(number) };
  return { skipped: toNumber(number) };
});

const jasmine = perLine((line) => {
  const [, specs, failures, pending] = /^(\d+) specs?, (\d+) failures?(?:, (\d+) pending specs?)?$/.exec(line) ?? [];
  if (specs === undefined) return null;
  const [failed, skipped] = [toNumber(failures), toNumber(pending)];
  return { passed: toNumber(specs) - failed - skipped, failed, skipped };
});

/** Karma repeats its line as it goes; the last one of each browser counts. */
const karma: Recogniser = (lines) => {
  const last = new Map<string, TestCounts>();
  for (const line of lines) {
    const found = /^(.*): Executed (\d+) of \d+(?: \((\d+) FAILED\))?(?: \(?skipped (\d+)\)?)?/.exec(line);
    if (found === null) continue;
    const [, browser = '', executed, failures, skips] = found;
    const failed = toNumber(failures);
    last.set(browser, { passed: toNumber(executed) - failed, failed, skipped: toNumber(skips) });
  }
  return last.size === 0 ? null : [...last.values()].reduce(add);
};

const playwright = perLine((line) => {
  const found = /^ {2}(\d+) (passed|failed|flaky|skipped|did not run|interrupted)(?: \([\d.]+(?:ms|s|m|h)\))?$/.exec(
    line,
  );
  if (found === null) return null;
  const [, number, word] = found;
  if (word === 'passed' || word === 'flaky') return { passed: toNumber(number) };
  return word === 'skipped' ? { skipped: toNumber(number) } : { failed: toNumber(number) };
});

const bun = perLine((line) => {
  const [, number, word] = /^ +(\d+) (pass|fail|skip|todo)$/.exec(line) ?? [];
  if (word === undefined) return null;
  return { [word === 'pass' ? 'passed' : word === 'fail' ? 'failed' : 'skipped']: toNumber(number) };
});

const deno = perLine((line) =>
  /^(?:ok|FAILED) \| \d+ passed/.test(line)
    ? // Steps stand in brackets behind their test and are parts of it.
      countWords(line.replace(/\([^)]*\)/g, ''), { passed: 'passed', failed: 'failed', ignored: 'skipped' })
    : null,
);

export const javascript: readonly Recogniser[] = [
  nodeTest,
  tapPoints,
  nodeTap,
  mocha,
  jest,
  vitest,
  ava,
  jasmine,
  karma,
  playwright,
  bun,
  deno,
  // jest and vitest with --passWithNoTests, ava, playwright.
  whenSaid(
    /^(?:No tests found(?:, exiting with code \d+|\.)?|No test files found, exiting with code \d+|Error: No tests found)$/,
  ),
  whenSaid(/^ *✘ Couldn.t find any files to test/),
];
