import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCounts, ranNothing } from '../../src/verify/counts.ts';

type Expected = readonly [passed: number, failed: number, skipped: number] | null;
interface Case {
  readonly name: string;
  readonly output: string;
  readonly expected: Expected;
}

const javascript: readonly Case[] = [
  {
    name: "node's spec reporter",
    output: `
✔ adds (0.705593ms)
﹣ skips (0.121681ms) # why
✔ later (0.070835ms) # TODO
▶ s
  ✖ bad (0.695307ms)
  ✔ reads config.js (0.090826ms)
✖ s (1.153821ms)
ℹ tests 5
ℹ suites 1
ℹ pass 2
ℹ fail 1
ℹ cancelled 0
ℹ skipped 1
ℹ todo 1
ℹ duration_ms 71.9
`,
    expected: [2, 1, 2],
  },
  {
    name: "node's TAP, where a cancelled test is a failed one",
    output: `TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 0.803078
  ...
1..1
# tests 3
# suites 0
# pass 1
# fail 1
# cancelled 1
# skipped 0
# todo 0
# duration_ms 74.2
`,
    expected: [1, 2, 0],
  },
  {
    name: 'node without a test file',
    output: '1..0\n# tests 0\n# suites 0\n# pass 0\n# fail 0\n',
    expected: [0, 0, 0],
  },
  {
    name: 'node, where a file without a test is counted as a test',
    output: '✔ adds (0.7ms)\n✔ empty.test.js (29.4ms)\n✔ /x/test/foo.js (29.7ms)\nℹ tests 3\nℹ pass 3\nℹ fail 0\n',
    expected: [1, 0, 0],
  },
  {
    name: 'node, where there are only files that check in their own way',
    output: '# Subtest: /x/test/plain.js\nok 1 - /x/test/plain.js\n1..1\n# tests 1\n# pass 1\n# fail 0\n# skipped 0\n',
    expected: null,
  },
  {
    name: 'node, where a test is named after a file',
    output: '✔ reads config.js (0.7ms)\n✔ config.js (0.7ms)\nℹ tests 2\nℹ pass 2\nℹ fail 0\n',
    expected: [2, 0, 0],
  },
  {
    name: 'workspaces, added up',
    output: '> a@1.0.0 test\nℹ tests 2\nℹ pass 2\nℹ fail 0\n> b@1.0.0 test\nℹ tests 3\nℹ pass 2\nℹ fail 1\n',
    expected: [4, 1, 0],
  },
  {
    name: 'tape',
    output: 'TAP version 13\n# a\nok 1 x\n\n1..2\n# tests 2\n# pass  1\n\n# fail  1\n',
    expected: [1, 1, 0],
  },
  {
    name: 'TAP without a summary',
    output: 'TAP version 14\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP not here\n    ok 1 - inner\n1..3\n',
    expected: [1, 1, 1],
  },
  { name: 'TAP with an empty plan', output: 'TAP version 13\n1..0\n', expected: [0, 0, 0] },
  {
    name: 'node-tap',
    output: 'Suites:   1 failed, 2 passed, 3 of 3 completed\nAsserts:  1 failed, 11 passed, of 12\nTime:     2s\n',
    expected: [11, 1, 0],
  },
  {
    name: 'mocha',
    output: '\n  cart\n    ✔ adds\n    1) takes off\n\n\n  3 passing (12ms)\n  2 pending\n  1 failing\n\n  1) cart\n',
    expected: [3, 1, 2],
  },
  { name: 'mocha without a test', output: '\n\n  0 passing (1ms)\n', expected: [0, 0, 0] },
  {
    name: 'jest',
    output:
      'PASS src/a.test.js\nFAIL src/b.test.js\n\nTest Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 2 skipped, 1 todo, 4 passed, 8 total\nSnapshots:   0 total\n',
    expected: [4, 1, 3],
  },
  {
    name: 'jest with no test and --passWithNoTests',
    output: 'No tests found, exiting with code 0\n',
    expected: [0, 0, 0],
  },
  {
    name: 'vitest',
    output:
      ' ❯ src/b.test.ts (3 tests | 1 failed) 5ms\n\n Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 2 passed | 1 skipped (4)\n   Start at  10:00:00\n',
    expected: [2, 1, 1],
  },
  {
    name: 'vitest with no test file',
    output: '\n RUN  v2.1.0 /x\n\nNo test files found, exiting with code 0\n',
    expected: [0, 0, 0],
  },
  {
    name: 'ava',
    output: '  ✔ adds\n  ✘ [fail]: b\n  ─\n\n  1 test failed\n  2 tests passed\n  1 test skipped\n',
    expected: [2, 1, 1],
  },
  {
    name: 'jasmine',
    output: 'Started\n.F*\n\n3 specs, 1 failure, 1 pending spec\nFinished in 0.01 seconds\n',
    expected: [1, 1, 1],
  },
  {
    name: 'karma, which repeats itself',
    output:
      'Chrome Headless 120.0 (Linux): Executed 1 of 4 SUCCESS (0 secs / 0.001 secs)\rChrome Headless 120.0 (Linux): Executed 3 of 4 (1 FAILED) (skipped 1) (0.1 secs / 0.01 secs)\n',
    expected: [2, 1, 1],
  },
  {
    name: 'playwright',
    output:
      'Running 4 tests using 2 workers\n\n  1 failed\n    [chromium] › a.spec.ts:3:1 › a\n  1 skipped\n  1 flaky\n  1 passed (2.3s)\n',
    expected: [2, 1, 1],
  },
  {
    name: 'bun',
    output:
      'a.test.ts:\n(pass) adds\n\n 2 pass\n 1 skip\n 1 fail\n 3 expect() calls\nRan 4 tests across 1 files. [8.00ms]\n',
    expected: [2, 1, 1],
  },
  {
    name: 'deno',
    output: 'adds ... ok (1ms)\n\nFAILED | 3 passed (2 steps) | 1 failed | 1 ignored (12ms)\n',
    expected: [3, 1, 1],
  },
];

const python: readonly Case[] = [
  {
    name: 'pytest',
    output:
      'test_a.py .Fsx   [100%]\n============== 1 failed, 1 passed, 1 skipped, 1 xfailed in 0.63s ===============\n',
    expected: [1, 1, 2],
  },
  { name: 'pytest -q', output: '.  [100%]\n1 passed, 3 deselected in 0.60s\n', expected: [1, 0, 0] },
  {
    name: 'pytest with errors',
    output: '========= 2 passed, 3 warnings, 1 error in 65.10s (0:01:05) =========\n',
    expected: [2, 1, 0],
  },
  {
    name: 'pytest that found nothing',
    output: 'collected 0 items\n\n======= no tests ran in 0.01s =======\n',
    expected: [0, 0, 0],
  },
  { name: 'pytest that deselected all', output: '4 deselected in 0.56s\n', expected: [0, 0, 0] },
  { name: 'unittest', output: '.Fs\nRan 3 tests in 0.000s\n\nFAILED (failures=1, skipped=1)\n', expected: [1, 1, 1] },
  {
    name: 'unittest with errors',
    output: 'Ran 5 tests in 1.002s\n\nFAILED (failures=1, errors=2, expected failures=1)\n',
    expected: [1, 3, 1],
  },
  { name: 'unittest, all well', output: 'Ran 1 test in 0.000s\n\nOK\n', expected: [1, 0, 0] },
  { name: 'unittest that found nothing', output: 'Ran 0 tests in 0.000s\n\nNO TESTS RAN\n', expected: [0, 0, 0] },
];

const compiled: readonly Case[] = [
  {
    name: 'go does not say how many',
    output: 'ok  \texample.com/shop\t0.003s\n?   \texample.com/shop/cmd\t[no test files]\n',
    expected: null,
  },
  {
    name: 'go without a single test',
    output: '?   \texample.com/shop\t[no test files]\nok  \texample.com/shop/cart\t0.002s [no tests to run]\n',
    expected: [0, 0, 0],
  },
  {
    name: 'go with coverage and without a test',
    output: '\texample.com/shop\t\tcoverage: 0.0% of statements\n',
    expected: [0, 0, 0],
  },
  {
    name: 'go that does not build',
    output: '# example.com/shop\n./a.go:3:1: syntax error\nFAIL\texample.com/shop [build failed]\nFAIL\n',
    expected: null,
  },
  {
    name: 'go test -v, without its subtests',
    output:
      '=== RUN   TestA\n=== RUN   TestA/sub\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/sub (0.00s)\n=== RUN   TestB\n--- FAIL: TestB (0.00s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\nFAIL\nFAIL\texample.com/shop\t0.003s\n',
    expected: [1, 1, 1],
  },
  {
    name: 'gotestsum',
    output: '✓  shop (2ms)\n\nDONE 12 tests, 1 skipped, 2 failures in 1.234s\n',
    expected: [9, 2, 1],
  },
  {
    name: 'cargo, unit and doc tests added up',
    output:
      'running 3 tests\ntest tests::bad ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\n   Doc-tests shop\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n',
    expected: [2, 1, 1],
  },
  {
    name: 'cargo without a test',
    output:
      'running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n',
    expected: [0, 0, 0],
  },
  {
    name: 'cargo nextest',
    output: '------------\n     Summary [   0.005s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped\n',
    expected: [2, 1, 4],
  },
  {
    name: 'surefire, whose total repeats the classes',
    output:
      '[INFO] Running a.CartTest\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 1, Time elapsed: 0.05 s <<< FAILURE! -- in a.CartTest\n[INFO] Results:\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 1\n',
    expected: [1, 1, 1],
  },
  {
    name: 'surefire over two modules',
    output:
      '[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n[INFO] Tests run: 5, Failures: 0, Errors: 1, Skipped: 0\n',
    expected: [6, 1, 0],
  },
  {
    name: 'Maven without a test',
    output: '[INFO] --- surefire:3.2.5:test ---\n[INFO] No tests to run.\n[INFO] BUILD SUCCESS\n',
    expected: [0, 0, 0],
  },
  {
    name: 'Gradle with a failure',
    output: 'CartTest > takes off FAILED\n\n5 tests completed, 1 failed, 1 skipped\n',
    expected: [3, 1, 1],
  },
  {
    name: 'Gradle does not say how many passed',
    output: '> Task :compileJava\n> Task :test\n\nBUILD SUCCESSFUL in 2s\n',
    expected: null,
  },
  {
    name: 'Gradle without test sources',
    output: '> Task :app:test NO-SOURCE\n> Task :lib:test NO-SOURCE\nBUILD SUCCESSFUL\n',
    expected: [0, 0, 0],
  },
  {
    name: 'dotnet, per project',
    output:
      'Passed!  - Failed:     0, Passed:     5, Skipped:     1, Total:     6, Duration: 12 ms - A.Tests.dll (net8.0)\nFailed!  - Failed:     2, Passed:     3, Skipped:     0, Total:     5, Duration: 12 ms - B.Tests.dll (net8.0)\n',
    expected: [8, 2, 1],
  },
  {
    name: "dotnet's newer summary",
    output: 'Test summary: total: 5, failed: 1, succeeded: 3, skipped: 1, duration: 1.2s\n',
    expected: [3, 1, 1],
  },
  { name: 'ctest', output: '50% tests passed, 1 tests failed out of 2\n', expected: [1, 1, 0] },
  { name: 'ctest without a test', output: 'No tests were found!!!\n', expected: [0, 0, 0] },
  {
    name: 'XCTest, whose last line sums up',
    output:
      "Test Suite 'CartTests' passed\n\t Executed 3 tests, with 0 failures (0 unexpected) in 0.1 (0.1) seconds\nTest Suite 'All tests' failed\n\t Executed 5 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.2 (0.2) seconds\n",
    expected: [3, 1, 1],
  },
];

const scripting: readonly Case[] = [
  { name: 'PHPUnit, all well', output: '...  3 / 3 (100%)\n\nOK (3 tests, 5 assertions)\n', expected: [3, 0, 0] },
  {
    name: 'PHPUnit with failures',
    output: 'FAILURES!\nTests: 6, Assertions: 7, Failures: 1, Errors: 1, Warnings: 1, Skipped: 1, Incomplete: 1.\n',
    expected: [2, 2, 2],
  },
  { name: 'PHPUnit without a test', output: 'No tests executed!\n', expected: [0, 0, 0] },
  {
    name: 'Pest',
    output: '\n  Tests:    1 failed, 1 skipped, 2 passed (5 assertions)\n  Duration: 0.10s\n',
    expected: [2, 1, 1],
  },
  { name: 'RSpec', output: 'Finished in 0.01 seconds\n5 examples, 1 failure, 1 pending\n', expected: [3, 1, 1] },
  {
    name: 'RSpec that could not load a file',
    output: '0 examples, 0 failures, 1 error occurred outside of examples\n',
    expected: [0, 1, 0],
  },
  { name: 'RSpec without a test', output: 'No examples found.\n\n0 examples, 0 failures\n', expected: [0, 0, 0] },
  { name: 'minitest', output: '5 runs, 9 assertions, 1 failures, 1 errors, 1 skips\n', expected: [2, 2, 1] },
  {
    name: 'test-unit',
    output: '5 tests, 9 assertions, 1 failures, 0 errors, 1 pendings, 1 omissions, 0 notifications\n',
    expected: [2, 1, 2],
  },
  {
    name: 'ExUnit',
    output: 'Finished in 0.03 seconds\n1 doctest, 5 tests, 1 failure, 2 excluded, 1 skipped\n',
    expected: [4, 1, 1],
  },
  { name: 'ExUnit without a test', output: 'There are no tests to run\n', expected: [0, 0, 0] },
  {
    name: 'prove -v',
    output:
      't/a.t ..\n1..2\nok 1 - a\nok 2 - b\nok\nAll tests successful.\nFiles=1, Tests=2,  0 wallclock secs\nResult: PASS\n',
    expected: [2, 0, 0],
  },
  {
    name: 'prove that failed does not say how many',
    output: 'Files=2, Tests=4,  0 wallclock secs\nResult: FAIL\n',
    expected: null,
  },
  {
    name: 'prove without a test',
    output: 'Files=0, Tests=0,  0 wallclock secs\nResult: NOTESTS\n',
    expected: [0, 0, 0],
  },
];

const others: readonly Case[] = [
  { name: 'nothing at all', output: '', expected: null },
  { name: 'words about something else', output: 'compiled 5 files in 3s\nDone.\n', expected: null },
  {
    name: 'the plain closing line',
    output: '3 passed, 1 failed\n14 passed, 0 failed, 2 skipped\n',
    expected: [14, 0, 2],
  },
  { name: 'the plain closing line with a word before it', output: 'total: 3 passed, 1 failed\n', expected: [3, 1, 0] },
  {
    name: 'a runner goes before the plain line',
    output: 'ℹ pass 2\nℹ fail 0\n9 passed, 9 failed\n',
    expected: [2, 0, 0],
  },
  {
    name: 'two runners of one script, added up',
    output: '  2 passing (3ms)\n===== 3 passed in 0.1s =====\n',
    expected: [5, 0, 0],
  },
  {
    name: 'colours do not hide a summary',
    output: '\u001b[34mℹ pass 2\u001b[39m\n\u001b[31m\u001b[1m  1 failing\u001b[22m\u001b[39m\n',
    expected: [2, 1, 0],
  },
  { name: 'Windows line ends do not hide a summary', output: '5 examples, 0 failures\r\n', expected: [5, 0, 0] },
];

describe('test counts', () => {
  for (const { name, output, expected } of [...javascript, ...python, ...compiled, ...scripting, ...others]) {
    it(`are read from ${name}`, () => {
      const counts = parseCounts(output);
      assert.deepEqual(counts === null ? null : [counts.passed, counts.failed, counts.skipped], expected);
    });
  }

  it('are never negative and never throw, whatever was printed', () => {
    const samples = [...javascript, ...python, ...compiled, ...scripting].flatMap(({ output }) => output.split('\n'));
    const line = fc.oneof(fc.constantFrom(...samples), fc.string(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const counts = parseCounts(lines.join('\n'));
        assert.ok(
          counts === null || Object.values(counts).every((count: number) => count >= 0 && Number.isFinite(count)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are read from a long hostile line in no time', () => {
    const startedAt = performance.now();
    for (const piece of ['1 passed, ', ' ', '=', '✔ a/', 'Tests: ', '1 test, ', '\t', 'ok '])
      parseCounts(piece.repeat(200_000));
    assert.ok(performance.now() - startedAt < 2000);
  });

  it('say nothing ran only when that is known', () => {
    assert.equal(ranNothing({ passed: 0, failed: 0, skipped: 3 }), true);
    assert.equal(ranNothing({ passed: 0, failed: 1, skipped: 0 }), false);
    assert.equal(ranNothing(null), false);
  });
});
