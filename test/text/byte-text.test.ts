import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteText } from '../../src/text/byte-text.ts';

type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly from: number }
  | { readonly type: 'count'; readonly count: number };

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('x'.repeat(9_000), '–'.repeat(3_000)));
const piece: fc.Arbitrary<Piece> = fc.oneof(
  text.map((words): Piece => ({ type: 'text', text: words })),
  fc
    .tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(60))
    .map(([bytes, from]): Piece => ({ type: 'bytes', bytes, from: Math.min(from, bytes.length) })),
  fc
    .oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31))
    .map((count): Piece => ({ type: 'count', count })),
);

function add(out: ByteText, one: Piece): Buffer {
  switch (one.type) {
    case 'text':
      out.text(one.text);
      return Buffer.from(one.text);
    case 'bytes':
      out.copy(one.bytes, one.from);
      return Buffer.from(one.bytes.subarray(one.from));
    case 'count':
      out.count(one.count);
      return Buffer.from(String(one.count));
  }
}

describe('text made of bytes', () => {
  it('is its pieces, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const out = new ByteText();
        const expected = Buffer.concat(pieces.map((one) => add(out, one)));
        assert.deepEqual(out.bytes, expected);
        assert.equal(out.length, expected.length);
      }),
    );
  });

  it('keeps what was taken, whatever is added afterwards', () => {
    const out = new ByteText();
    out.text('first');
    const taken = out.taken();
    assert.equal(out.length, 0);
    out.text('second');
    assert.deepEqual([taken.toString(), out.bytes.toString()], ['first', 'second']);
  });

  it('forgets what was cut off', () => {
    const out = new ByteText();
    out.text('kept and cut');
    out.cut(4);
    out.count(7);
    assert.equal(out.bytes.toString(), 'kept7');
  });
});
