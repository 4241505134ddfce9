import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { afterBlanks, afterValue, endOfString } from '../../src/text/json-bytes.ts';

/** Long strings, and strings full of what could be taken for an end. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('\\', '"', '{', '}', ']', ',', 'x'), maxLength: 200 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5 }),
  ),
}));

describe('walking through JSON as bytes', () => {
  it('finds the end of any value, whatever stands behind it', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', ',', '}', ']', ' \n', ',"x":"}"'), fc.nat(3), (one, behind, indent) => {
        const json = Buffer.from(JSON.stringify(one, null, indent));
        assert.equal(afterValue(Buffer.concat([json, Buffer.from(behind)]), 0), json.length);
      }),
    );
  });

  it('finds the end of any string', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('', '"', '\\"', ',"x"'), (words, behind) => {
        const json = Buffer.from(JSON.stringify(words));
        assert.equal(endOfString(Buffer.concat([json, Buffer.from(behind)]), 1), json.length - 1);
      }),
    );
  });

  it('ends with the bytes when a value does not', () => {
    for (const torn of ['"abc', '{"a":[1,2', '[[[', `"${'x'.repeat(100)}`, '{"a":"b\\']) {
      assert.ok(afterValue(Buffer.from(torn), 0) >= torn.length, torn);
    }
  });

  it('passes over blanks', () => {
    assert.equal(afterBlanks(Buffer.from(' \t\r\n{'), 0), 4);
    assert.equal(afterBlanks(Buffer.from('  '), 0), 2);
  });
});
