import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomBytes } from '../../src/process/random-bytes.ts';

test('chance comes in the length that is asked for, and never twice the same', () => {
  const seen = new Set(Array.from({ length: 100 }, () => randomBytes(9).toString('hex')));
  assert.equal(seen.size, 100);
  for (const text of seen) assert.match(text, /^[0-9a-f]{18}$/);
});
