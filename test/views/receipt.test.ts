import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { excerptLines } from '../../src/views/receipt.ts';
import { receipt } from './samples.ts';

const shown = (lines: number): readonly string[] =>
  excerptLines(
    receipt({
      verdict: { type: 'red', excerpt: Array.from({ length: lines }, (_, index) => `line ${index + 1}`).join('\n') },
    }),
  );

describe('the excerpt of a failing run', () => {
  it('is shown whole when it is short', () => assert.equal(shown(15).length, 15));
  it('begins where the runner names what failed, and ends with its summary', () => {
    const lines = shown(40);
    assert.equal(lines.length, 15);
    assert.deepEqual(
      [lines[0], lines[9], lines[10], lines[11], lines[14]],
      ['line 1', 'line 10', '[…]', 'line 37', 'line 40'],
    );
  });
  it('is nothing when the verdict has none', () =>
    assert.deepEqual(excerptLines(receipt({ verdict: { type: 'green' } })), []));
});
