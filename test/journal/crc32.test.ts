import assert from 'node:assert/strict';
import { it } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { crc32 } from '../../src/journal/crc32.ts';

it('sums as zlib does, few bytes and many', () => {
  const bytes = fc.uint8Array({ maxLength: 3000 });
  fc.assert(fc.property(bytes, (some) => assert.equal(crc32(some), zlib.crc32(some))));
  const many = Buffer.alloc(1024 * 1024, 'abcdefg');
  assert.equal(crc32(many), zlib.crc32(many));
  assert.equal(crc32(Buffer.from('conduxt')), zlib.crc32('conduxt'));
});
