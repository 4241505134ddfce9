import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../src/text/sha256.ts';

it('hashes every text, short or long, as node:crypto does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      assert.equal(sha256(Buffer.from(text)), createHash('sha256').update(text).digest('hex'));
      assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'));
    }),
  );
  // Around the length from which padding takes a block of its own.
  for (let length = 50; length < 70; length += 1) {
    assert.equal(sha256('x'.repeat(length)), createHash('sha256').update('x'.repeat(length)).digest('hex'));
  }
  for (const length of [4095, 4096, 4097, 100_000])
    assert.equal(sha256('x'.repeat(length)), createHash('sha256').update('x'.repeat(length)).digest('hex'));
});
