import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { markedLine, oneLine, sanitize, stripAnsi } from '../../src/text/sanitize.ts';

const FORBIDDEN =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]|\p{Cs}/u;

/** Texts in which the dangerous characters are frequent. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(
        '\x1b[31m',
        '\x1b]0;x\x07',
        '\x9b2J',
        '\r',
        '\r\n',
        '\u202e',
        '\u{e0041}',
        '\ud800',
        'plain text',
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('sanitize', () => {
  const vectors: [string, string, string][] = [
    ['a clipboard write (OSC 52)', '\x1b]52;c;ZXZpbA==\x07', '\\u{1b}]52;c;ZXZpbA==\\u{7}'],
    ['a window title', '\x1b]0;pwn\x07', '\\u{1b}]0;pwn\\u{7}'],
    ['an 8-bit colour', '\x9b31m', '\\u{9b}31m'],
    ['a device control string', '\x1bP+q544e\x1b\\', '\\u{1b}P+q544e\\u{1b}\\'],
    ['the end of a bracketed paste', 'a\x1b[201~rm -rf', 'a\\u{1b}[201~rm -rf'],
    ['a carriage return that would overwrite', 'ok\rFAIL', 'ok\nFAIL'],
    ['a Windows line end', 'a\r\nb', 'a\nb'],
    ['a reversed file name', 'a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
    ['a tag character', 'x\u{e0041}', 'x\\u{e0041}'],
    ['a zero-width space', 'pass\u200bword', 'pass\\u{200b}word'],
    ['half of a surrogate pair', 'a\ud800b', 'a\ufffdb'],
    ['DEL', 'a\x7f', 'a\\u{7f}'],
  ];
  for (const [what, input, expected] of vectors) {
    it(`makes ${what} visible`, () => assert.equal(sanitize(input), expected));
  }

  it('leaves ordinary text, tabs, newlines, accents and emoji alone', () => {
    const text = 'a\tb\nc é ü 漢字 🎉 ❤️ “quoted” — ok';
    assert.equal(sanitize(text), text);
  });

  it('never lets a control, bidirectional or tag character through', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const out = sanitize(text);
        assert.doesNotMatch(out, FORBIDDEN);
        assert.equal(sanitize(out), out);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('markedLine', () => {
  it('shows where lines end', () => {
    assert.equal(markedLine(' ls # a\r\n\n  rm x\ry\n', 80), 'ls # a ⏎ rm x ⏎ y');
    assert.equal(markedLine('ab\ncd', 4), 'ab…');
  });

  it('says that something is left out, however much it is', () => {
    for (const text of ['x'.repeat(100_000), `a${' '.repeat(100_000)}b`, 'a\n'.repeat(100_000)])
      assert.match(markedLine(text, 20), /…$/);
  });
});

describe('oneLine', () => {
  it('joins lines and cuts at whole characters', () => {
    assert.equal(oneLine('  a\n\n  b\tc ', 80), 'a b c');
    assert.equal(oneLine('abcdef', 6), 'abcdef');
    assert.equal(oneLine('abcdefg', 6), 'abcde…');
    assert.equal(oneLine('🎉🎉🎉🎉', 3), '🎉🎉…');
    assert.equal(oneLine('anything', 0), '');
    assert.equal(oneLine('', 10), '');
  });

  it('reads only the beginning of a long text, and says that it was cut', () => {
    const out = oneLine(`${' '.repeat(2_000_000)}start ${'x'.repeat(5_000_000)}`, 20);
    assert.equal(out, 'start xxxxxxxxxxxxx…');
    assert.match(oneLine(`a${' '.repeat(100_000)}b`, 20), /^a ?…$/);
  });

  it('is one safe line of bounded length for any text', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 60 }), (text, max) => {
        const out = oneLine(text, max);
        assert.doesNotMatch(out, FORBIDDEN);
        assert.doesNotMatch(out, /[\n\t]/);
        assert.ok([...out].length <= max);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('stripAnsi', () => {
  const vectors: [string, string, string][] = [
    ['colours', '\x1b[1;31mfail\x1b[0m', 'fail'],
    ['8-bit colours', '\x9b31mfail', 'fail'],
    ['cursor movement', 'a\x1b[2K\x1b[1Gb', 'ab'],
    ['titles', '\x1b]0;title\x07text', 'text'],
    ['hyperlinks, keeping their text', '\x1b]8;;http://e\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['device control strings', '\x1bP+q544e\x1b\\x', 'x'],
    ['character set choices', '\x1b(Bx', 'x'],
    ['keypad modes', '\x1b=\x1b>x', 'x'],
    ['the introducer of a title that never ends', 'a\x1b]0;rest of the text', 'a0;rest of the text'],
  ];
  for (const [what, input, expected] of vectors) {
    it(`removes ${what}`, () => assert.equal(stripAnsi(input), expected));
  }

  it('leaves text without sequences alone', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(stripAnsi(text), text)));
  });

  it('takes time linear in hostile input', () => {
    for (const unit of ['\x1b]', '\x9d', '\x1b[', '\x1b[1', '\x1b]0;', '\x1bP\x1b', '\x1b ']) {
      const begin = performance.now();
      stripAnsi(unit.repeat(200_000));
      assert.ok(performance.now() - begin < 2000, JSON.stringify(unit));
    }
  });
});
