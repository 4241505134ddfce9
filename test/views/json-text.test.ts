import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteText } from '../../src/text/byte-text.ts';
import { copyJson, copyString, safeJson } from '../../src/views/json-text.ts';

/** What a terminal would act upon, or an eye not see. */
const UNSAFE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;
const odd = fc.constantFrom(
  '\u0000',
  '\u001b',
  '\u007f',
  '\u009b',
  '\u202e',
  '\ufeff',
  '\u{e0041}',
  '\ud800',
  '–',
  '"',
  '\\',
);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: odd }), fc.string());
/** A string of JSON in one of the ways in which it can be written. */
const written = fc.oneof(
  text.map((words) => JSON.stringify(words)),
  text.map((words) => `"${Array.from({ length: words.length }, (_, at) => hex(words.charCodeAt(at))).join('')}"`),
);
const hex = (unit: number): string => `\\u${unit.toString(16).toUpperCase().padStart(4, '0')}`;

describe('JSON that is copied as bytes', () => {
  it('means the same and is safe, or a string is left to be written anew', () => {
    let copied = 0;
    fc.assert(
      fc.property(written, (json) => {
        const out = new ByteText();
        out.text('before');
        const bytes = Buffer.from(json);
        const isCopied = copyString(out, bytes, { from: 1, to: bytes.length - 1 });
        const all = out.bytes.toString('utf8');
        if (!isCopied) return assert.equal(all, 'before');
        copied += 1;
        assert.equal(JSON.parse(all.slice('before'.length)), JSON.parse(bytes.toString('utf8')));
        assert.doesNotMatch(all, UNSAFE);
      }),
      { numRuns: 1_000 },
    );
    assert.ok(copied > 300, `${copied} were copied`);
  });

  it('is never what is no string', () => {
    for (const wrong of ['"a\nb"', '"a\u007fb"', String.raw`"\q"`, String.raw`"\u12g4"`, String.raw`"\u123"`, '"\\"']) {
      const bytes = Buffer.from(wrong);
      assert.equal(copyString(new ByteText(), bytes, { from: 1, to: bytes.length - 1 }), false, wrong);
    }
    const notUtf8 = Buffer.from([0x22, 0xe9, 0x22]);
    assert.equal(copyString(new ByteText(), notUtf8, { from: 1, to: 2 }), false);
  });

  it('is a whole value that means the same and is safe', () => {
    fc.assert(
      fc.property(text, (words) => {
        const out = new ByteText();
        copyJson(out, Buffer.from(JSON.stringify({ words })));
        assert.equal(out.bytes.toString('utf8'), safeJson({ words }));
      }),
    );
  });
});
