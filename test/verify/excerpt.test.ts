import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { failureExcerpt } from '../../src/verify/excerpt.ts';

const bytes = (text: string): number => Buffer.byteLength(text);
const noise = (lines: number): string => Array.from({ length: lines }, (_, n) => `compiling module ${n}\n`).join('');

/** Each begins with noise; `first` is the first line that belongs to the failure. */
const runs: readonly { readonly runner: string; readonly output: string; readonly first: string }[] = [
  {
    runner: 'pytest',
    first: '=================================== FAILURES ===================================',
    output:
      'collected 4 items\n\ntest_a.py .F\n\n=================================== FAILURES ===================================\n____ test_bad ____\n\nE   assert 1 == 2\n\ntest_a.py:3: AssertionError\n=== short test summary info ===\nFAILED test_a.py::test_bad - assert 1 == 2\n=== 1 failed, 1 passed in 0.63s ===\n',
  },
  {
    runner: "node's spec reporter",
    first: '✖ failing tests:',
    output:
      '✔ adds (0.7ms)\n✖ bad (0.6ms)\nℹ tests 2\nℹ pass 1\nℹ fail 1\n\n✖ failing tests:\n\ntest at a.test.js:3:19\n✖ bad (0.6ms)\n  AssertionError [ERR_ASSERTION]: 1 == 2\n',
  },
  {
    runner: 'TAP',
    first: 'not ok 2 - bad',
    output:
      'TAP version 13\nok 1 - adds\nnot ok 2 - bad\n  ---\n  error: 1 == 2\n  ...\n1..2\n# tests 2\n# pass 1\n# fail 1\n',
  },
  {
    runner: 'mocha',
    first: '  1 failing',
    output:
      '  cart\n    ✔ adds\n    1) takes off\n\n  1 passing (3ms)\n  1 failing\n\n  1) cart takes off:\n     AssertionError: 1 == 2\n',
  },
  {
    runner: 'jest',
    first: '  ● takes off',
    output: 'PASS a.test.js\n  ● takes off\n\n    expect(received).toBe(expected)\n\nTests:       1 failed, 1 total\n',
  },
  {
    runner: 'go',
    first: '--- FAIL: TestB (0.00s)',
    output: 'ok  \tshop/a\t0.1s\n--- FAIL: TestB (0.00s)\n    b_test.go:5: got 1\nFAIL\nFAIL\tshop/b\t0.003s\n',
  },
  {
    runner: 'cargo',
    first: 'failures:',
    output:
      "running 2 tests\ntest tests::bad ... FAILED\n\nfailures:\n\n---- tests::bad stdout ----\nthread 'tests::bad' panicked\n\ntest result: FAILED. 1 passed; 1 failed;\n",
  },
  {
    runner: 'cargo that does not compile',
    first: 'error[E0425]: cannot find value `x` in this scope',
    output: '   Compiling shop v0.1.0\nerror[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:4:5\n',
  },
  {
    runner: 'RSpec',
    first: 'Failures:',
    output: '.F\n\nFailures:\n\n  1) Cart takes off\n     Failure/Error: expect(1).to eq 2\n\n2 examples, 1 failure\n',
  },
  {
    runner: 'PHPUnit',
    first: 'There was 1 failure:',
    output:
      '.F  2 / 2 (100%)\n\nThere was 1 failure:\n\n1) CartTest::testTakesOff\nFailed asserting that 1 is 2.\n\nFAILURES!\nTests: 2, Assertions: 2, Failures: 1.\n',
  },
  {
    runner: 'unittest',
    first: 'FAIL: test_b (t2.T.test_b)',
    output:
      '.F\n======\nFAIL: test_b (t2.T.test_b)\n------\nAssertionError: 1 != 2\n\nRan 2 tests in 0.000s\n\nFAILED (failures=1)\n',
  },
  {
    runner: 'TypeScript',
    first: "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
    output: "> tsc && node --test\nsrc/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n",
  },
];

describe('the excerpt of a failed run', () => {
  for (const { runner, output, first } of runs) {
    it(`begins where ${runner} begins to say what failed`, () => {
      const excerpt = failureExcerpt(noise(500) + output);
      assert.equal(excerpt.split('\n')[0], first.trimStart());
      assert.equal(excerpt, output.slice(output.indexOf(first)).trim());
    });
  }

  it('is the end of an output that names no failure', () => {
    const excerpt = failureExcerpt(`${noise(500)}the last word\n\n\n`);
    assert.ok(excerpt.endsWith('compiling module 499\nthe last word'));
    assert.ok(bytes(excerpt) <= 4096 && bytes(excerpt) > 3500);
  });

  it('keeps the first failures and the summary of a failure section that is too long', () => {
    const failures = Array.from({ length: 300 }, (_, n) => `FAILED test number ${n}\n`).join('');
    const excerpt = failureExcerpt(`=== FAILURES ===\n${failures}=== 300 failed in 3.00s ===\n`);
    assert.ok(bytes(excerpt) <= 4096);
    assert.ok(excerpt.startsWith('=== FAILURES ===\nFAILED test number 0\nFAILED test number 1\n'));
    assert.match(excerpt, /\n\[…\]\n/);
    assert.ok(excerpt.endsWith('FAILED test number 299\n=== 300 failed in 3.00s ==='));
  });

  it('has no colours and nothing a terminal would obey', () => {
    const excerpt = failureExcerpt('\u001b[31mError: \u001b]0;owned\u0007bad\u001b[0m\u202e end\rover\n');
    assert.equal(excerpt, 'Error: bad\\u{202e} end\nover');
  });

  it('leaves out what the package manager adds', () => {
    const output =
      '✖ failing tests:\n✖ bad\nnpm error Lifecycle script `test` failed with error:\nnpm error code 1\nELIFECYCLE Test failed.\n';
    assert.equal(failureExcerpt(output), '✖ failing tests:\n✖ bad');
  });

  it('is empty for an empty output', () => {
    assert.equal(failureExcerpt(''), '');
    assert.equal(failureExcerpt('\n\n'), '');
  });

  it('is at most 4 KiB of well-formed text, whatever was printed', () => {
    const line = fc.oneof(
      fc.string({ maxLength: 3000, unit: 'binary' }),
      fc.constantFrom('FAIL: x', 'failures:', '  1 failing', '💥'.repeat(900)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const excerpt = failureExcerpt(lines.join('\n'));
        assert.ok(bytes(excerpt) <= 4096);
        assert.ok(excerpt.isWellFormed());
      }),
      { numRuns: 200 },
    );
  });
});
