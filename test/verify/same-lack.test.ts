import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../../src/session/receipt.ts';
import { sameLack, type CheckoutRun } from '../../src/verify/same-lack.ts';
import { receipt } from '../views/samples.ts';

const red = (excerpt: string, exitCode = 1): CheckoutRun => ({
  type: 'tested',
  receipt: receipt({ verdict: { type: 'red', excerpt }, exitCode }),
});
const with_ = (verdict: Verdict): CheckoutRun => ({ type: 'tested', receipt: receipt({ verdict }) });
const notSetUp: CheckoutRun = { type: 'not-set-up', excerpt: 'npm ERR!' };

describe('a fresh checkout cannot judge', () => {
  const cases: readonly (readonly [string, CheckoutRun, CheckoutRun, string | null])[] = [
    [
      'when both lack the same module',
      red("x\nError: Cannot find module '../dist/a.js'"),
      red("  Error: Cannot find module '../dist/a.js'\ny"),
      "Error: Cannot find module '../dist/a.js'",
    ],
    [
      'when both find no runner',
      red('sh: 1: jest: not found', 127),
      red('sh: 7: jest: not found', 127),
      'sh: 1: jest: not found',
    ],
    ['when neither could be started', red('', 127), red('', 127), 'exit code 127'],
    ['when neither could be set up', notSetUp, notSetUp, 'its set-up fails there'],
    [
      'when there is no such program',
      with_({ type: 'not-runnable', reason: 'no cargo' }),
      with_({ type: 'not-runnable', reason: 'no cargo' }),
      'no cargo',
    ],
  ];
  for (const [what, run, base, expected] of cases) it(what, () => assert.equal(sameLack(run, base), expected));
});

describe('a fresh checkout judges', () => {
  const cases: readonly (readonly [string, CheckoutRun, CheckoutRun])[] = [
    ['when the base was red for its own reason', red('0 passed, 1 failed'), red('0 passed, 1 failed')],
    ['when only the commit lacks something', red("Cannot find module 'foo'"), red('expected 4, got 5')],
    ['when they lack different things', red("Cannot find module 'foo'"), red("Cannot find module 'bar'")],
    ['when the base is green', red('sh: jest: not found', 127), with_({ type: 'green' })],
    ['when only the commit cannot be set up', notSetUp, red('0 passed, 1 failed')],
  ];
  for (const [what, run, base] of cases) it(what, () => assert.equal(sameLack(run, base), null));
});
