import { sanitize, stripAnsi } from '../text/sanitize.ts';

/** What goes into a prompt, a journal record and a pull request. */
const MAX_BYTES = 4096;
/** Of a failure part that is too long, this much of its end is kept: the runner's own summary stands there. */
const END_BYTES = 1024;
const MAX_LINE_CHARACTERS = 500;

/** Where runners begin to say what failed, best first: a heading over all failures, then a single failure. */
const HEADINGS: readonly RegExp[] = [
  /^=+ (?:FAILURES|ERRORS) =+$/, // pytest
  /^✖ failing tests:$/, // node:test
  /^Summary of all failing tests$/, // jest, with many files
  /^⎯+ ?Failed (?:Tests|Suites) \d+ ?⎯+/, // vitest
  /^ {2}\d+ failing$/, // mocha
  /^failures:$/, // cargo
  /^Failures:$/, // rspec
  /^There (?:was|were) \d+ (?:failure|error)s?:$/, // phpunit
  /^ (?:FAILURES|ERRORS) ?$/, // deno
  /^\[ERROR\] (?:Failures|Errors): ?$/, // surefire
  /^# of failed|^The following tests FAILED:$/, // ctest
];
const SINGLE: readonly RegExp[] = [
  /^ {2}● /, // jest
  /^ *(?:FAIL|✘|×) /, // vitest, ava, jest
  /^ *--- FAIL: /, // go
  /^---- .* stdout ----$/, // cargo
  /^(?:FAIL|ERROR): /, // unittest
  /^ {2}\d+\) (?:test|property|doctest) /, // exunit
  /^ {2}\d+\) (?:Failure|Error|Skipped):/, // minitest
  /^ {2}Failed /, // vstest
  /<<< (?:FAILURE|ERROR)!/, // surefire
  /^.* > .* FAILED$/, // gradle
  /^not ok \d+/, // TAP
  /^(?:error(?:\[\w+\])?: |panic: |Traceback \(most recent call last\):|# \S+$)/, // compilers, crashes
  /: error (?:TS|CS|FS)\d+: |: error: /, // tsc, dotnet, C compilers
  /^\S*(?:Error|Exception)\b.*: /, // what a program threw
];

/**
 * The failing part of a test run's output, ready to be shown: no terminal sequences, nothing unsafe, at most
 * `maxBytes` of UTF-8. Prefers the runner's own failure section to the plain end of the output.
 */
export function failureExcerpt(output: string, maxBytes = MAX_BYTES): string {
  const lines = sanitize(stripAnsi(output))
    .split('\n')
    .map((line) => line.trimEnd())
    .map((line) => (line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS).toWellFormed()}…` : line))
    .filter((line) => !isPackageManagerNoise(line));
  const start = startOfFailures(lines);
  if (start === undefined) return endOf(lines, maxBytes);
  const part = lines.slice(start);
  if (bytesOf(part.join('\n').trim()) <= maxBytes) return part.join('\n').trim();
  const end = endOf(part, Math.min(END_BYTES, maxBytes >> 2));
  const gap = '\n[…]\n';
  return `${startOf(part, maxBytes - bytesOf(end) - bytesOf(gap))}${gap}${end}`;
}

function startOfFailures(lines: readonly string[]): number | undefined {
  for (const heading of HEADINGS) {
    const at = lines.findIndex((line) => heading.test(line));
    if (at >= 0) return at;
  }
  const at = lines.findIndex((line) => SINGLE.some((pattern) => pattern.test(line)));
  return at < 0 ? undefined : at;
}

/** What npm, pnpm and yarn add below: that the script failed is known already. */
const isPackageManagerNoise = (line: string): boolean =>
  /^(?:npm (?:ERR!|error|notice|warn)|ELIFECYCLE|\s?ELIFECYCLE| ERR_PNPM_|error Command failed with exit code|info Visit https:)/.test(
    line,
  );

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Whole lines from the front, as many as fit; at least a piece of the first. */
function startOf(lines: readonly string[], maxBytes: number): string {
  return fitting(lines, maxBytes).join('\n').trimEnd();
}

/** Whole lines from the back, as many as fit. */
function endOf(lines: readonly string[], maxBytes: number): string {
  const from = lines.findLastIndex((line) => line !== '');
  return fitting(lines.slice(0, from + 1).reverse(), maxBytes)
    .reverse()
    .join('\n')
    .trim();
}

function fitting(lines: readonly string[], maxBytes: number): string[] {
  const kept: string[] = [];
  let left = maxBytes;
  for (const line of lines) {
    left -= bytesOf(line) + 1;
    if (left < 0) break;
    kept.push(line);
  }
  return kept;
}
