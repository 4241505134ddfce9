import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDeeperThan, LineFramer, MAX_DEPTH, parseLine, type Framed } from '../../../src/backend/acp/lines.ts';

/** All lines of a stream that comes in these pieces. */
function frame(pieces: readonly Buffer[], maxLineBytes?: number): Framed[] {
  const framer = new LineFramer(maxLineBytes);
  return [...pieces.flatMap((piece) => [...framer.push(piece)]), ...framer.end()];
}
const texts = (framed: readonly Framed[]): string[] =>
  framed.map((item) => (item.type === 'line' ? item.bytes.toString() : `<${item.byteCount}>`));

test('a stream split at every byte position, inside a character too, gives the same lines', () => {
  const bytes = Buffer.from('\ufeff{"a":"😀 ü"}\r\n\n{"b":2}\n\r\n{"c":3}');
  const whole = texts(frame([bytes]));
  assert.deepEqual(whole, ['{"a":"😀 ü"}', '{"b":2}', '{"c":3}']);
  for (let at = 0; at <= bytes.length; at += 1) {
    assert.deepEqual(texts(frame([bytes.subarray(0, at), bytes.subarray(at)])), whole, `split at ${at}`);
  }
  assert.deepEqual(texts(frame([...bytes].map((byte) => Buffer.from([byte])))), whole);
});

test('any stream in any pieces gives the lines a plain split gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\n\r\ufeff]/.test(text))),
      fc.array(fc.nat({ max: 60 })),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        assert.deepEqual(
          texts(frame(pieces)),
          lines.filter((line) => line !== ''),
        );
      },
    ),
  );
});

test('a last line without newline is delivered and marked', () => {
  const [whole, rest] = frame([Buffer.from('{"a":1}\n{"b"')]);
  assert.equal(whole?.type === 'line' && whole.terminated, true);
  assert.equal(rest?.type === 'line' && !rest.terminated && rest.bytes.toString(), '{"b"');
});

test('a line over the limit is skipped and counted, and its neighbours stay', () => {
  const long = `{"jsonrpc":"2.0","id":7,${'x'.repeat(5000)}`;
  const framed = frame([Buffer.from(`{"a":1}\n${long}\n{"b":2}\n`)], 100);
  assert.deepEqual(texts(framed), ['{"a":1}', `<${long.length}>`, '{"b":2}']);
  const skipped = framed[1];
  assert.equal(skipped?.type === 'too-long' && skipped.head.toString().startsWith('{"jsonrpc":"2.0","id":7,'), true);
  assert.ok(skipped?.type === 'too-long' && skipped.head.length <= 1024);
});

test('the limit is exact, and neither CR nor byte order mark count', () => {
  assert.deepEqual(texts(frame([Buffer.from(`\ufeff${'x'.repeat(10)}\r\n${'y'.repeat(11)}\n`)], 10)), [
    'x'.repeat(10),
    '<11>',
  ]);
});

test('a skipped line is not held in memory, however long', () => {
  const framer = new LineFramer(1024);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 300; index += 1) assert.deepEqual([...framer.push(Buffer.from(piece))], []);
  assert.ok(process.memoryUsage().arrayBuffers - before < 150 * 1024 * 1024);
  const [skipped] = framer.push(Buffer.from('\n'));
  assert.equal(skipped?.type === 'too-long' && skipped.byteCount, 300 * 1024 * 1024);
});

test('the depth of JSON is told from its brackets outside of strings', () => {
  const nested = (depth: number): Buffer => Buffer.from('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));
  assert.equal(isDeeperThan(nested(MAX_DEPTH), MAX_DEPTH), false);
  assert.equal(isDeeperThan(nested(MAX_DEPTH + 1), MAX_DEPTH), true);
  assert.equal(isDeeperThan(Buffer.from(JSON.stringify({ text: '[{\\"'.repeat(1000) })), MAX_DEPTH), false);
  assert.equal(isDeeperThan(Buffer.from(JSON.stringify([...'[]'.repeat(300)])), 1), false);
});

test('the depth found is the depth there is', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const bytes = Buffer.from(JSON.stringify(value).padEnd(10));
      const depth = depthOf(value);
      assert.equal(isDeeperThan(bytes, depth), false);
      if (depth > 0 && bytes.length > depth) assert.equal(isDeeperThan(bytes, depth - 1), true);
    }),
  );
});

test('brackets in a long string do not count, wherever its quotes and backslashes stand', () => {
  const text = fc.string({ unit: fc.constantFrom('\\', '"', '[', '{', 'x'), maxLength: 300 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (texts) => {
      const bytes = Buffer.from(JSON.stringify([texts]).padEnd(10));
      assert.equal(isDeeperThan(bytes, 2), false);
      assert.equal(isDeeperThan(bytes, 1), true);
    }),
  );
});

test('a line is JSON, too deep, or noise', () => {
  const deep = '{"a":'.repeat(300) + '1' + '}'.repeat(300);
  const cases: readonly [string | Buffer, string][] = [
    ['{"a":1}', 'json'],
    ['  \t{"a":1}  ', 'json'],
    [deep, 'too-deep'],
    ['Starting up…', 'not-json'],
    ['\u001b[32minfo\u001b[0m ready', 'not-json'],
    ['{"a":1', 'not-json'],
    ['[]', 'not-json'],
    ['"x"', 'not-json'],
    ['123', 'not-json'],
    ['   ', 'not-json'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'not-json'],
  ];
  for (const [line, type] of cases) assert.equal(parseLine(Buffer.from(line)).type, type, line.toString());
});

test('a line that is not UTF-8 is parsed with its damage marked', () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xf0, 0x9f]), Buffer.from('"}')]);
  assert.deepEqual(parseLine(bytes), { type: 'json', value: { a: '\ufffd' }, text: '{"a":"\ufffd"}', isUtf8: false });
});
