import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { beginningOf, endOf } from '../../src/text/cut.ts';

describe('a text that is cut before secrets are taken out', () => {
  it('holds all of a secret or nothing of it, wherever it is cut', () => {
    const secret = 'canary-w0rd/of+the=mine';
    const text = `curl -H "Authorization: ${secret}" https://example.invalid, then`;
    for (let max = 0; max <= text.length; max += 1) {
      for (const cut of [beginningOf(text, max), endOf(text, max)]) {
        assert.ok(cut.length <= max);
        const rest = cut.replaceAll(secret, '');
        for (const half of ['canary-w0rd', 'of+the=mine']) assert.ok(!rest.includes(half), cut);
      }
    }
  });

  it('is a part of it, as it is when it fits', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(40), (text, max) => {
        assert.ok(text.startsWith(beginningOf(text, max)));
        assert.ok(text.endsWith(endOf(text, max)));
        if (text.length <= max) assert.deepEqual([beginningOf(text, max), endOf(text, max)], [text, text]);
      }),
    );
  });
});
