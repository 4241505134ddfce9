import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageLog, tailOf } from '../../../src/backend/acp/message-log.ts';

test('messages end where the id changes, and without ids at a tool call', () => {
  const cases: readonly [string, readonly (readonly [string, string | null] | 'tool')[], readonly string[]][] = [
    ['ids', [['I will ', 'a'], ['write.', 'a'], 'tool', ['All ', 'b'], ['done.', 'b']], ['All done.', 'I will write.']],
    ['no ids', [['I will ', null], ['write.', null], 'tool', 'tool', ['Done.', null]], ['Done.', 'I will write.']],
    [
      'no ids, no tools',
      [
        ['a', null],
        ['b', null],
      ],
      ['ab'],
    ],
    ['a tool reports while a message with an id goes on', [['```call', 'a'], 'tool', ['back', 'a']], ['```callback']],
    [
      'a warning of the adapter before the message',
      [
        ['Warning', null],
        ['text', 'a'],
      ],
      ['text', 'Warning'],
    ],
    ['empty chunks are no message', [['', 'a'], 'tool', ['x', null], ['', 'b']], ['x']],
    ['nothing', ['tool'], []],
  ];
  for (const [name, steps, expected] of cases) {
    const log = new MessageLog();
    for (const step of steps) {
      if (step === 'tool') log.tool();
      else log.chunk(...step);
    }
    assert.deepEqual(log.lastFirst(), expected, name);
  }
});

test('blank text is no evidence', () => {
  const log = new MessageLog();
  log.chunk(' \n', null);
  assert.equal(log.hasText, false);
  log.chunk('x', null);
  assert.equal(log.hasText, true);
});

test('however much is said, the end of it is kept and the rest is bounded', () => {
  const chunks = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.constantFrom('a', 'b', null)));
  fc.assert(
    fc.property(chunks, fc.integer({ min: 4, max: 60 }), (said, maxBytes) => {
      const bounded = new MessageLog(maxBytes);
      const all = new MessageLog();
      for (const [text, id] of said) {
        bounded.chunk(text, id);
        all.chunk(text, id);
      }
      const kept = bounded.lastFirst();
      assert.ok(kept.reduce((sum, text) => sum + Buffer.byteLength(text), 0) <= maxBytes);
      all.lastFirst().forEach((text, index) => {
        if (index < kept.length - 1) assert.equal(kept[index], text);
        else if (index === kept.length - 1) assert.ok(text.endsWith(kept[index] ?? '?'));
      });
    }),
  );
});

test('of a chunk that is longer than the limit only its end is held', () => {
  const log = new MessageLog(10);
  log.chunk('before', 'a');
  log.chunk('é'.repeat(100), 'b');
  assert.deepEqual(log.lastFirst(), ['é'.repeat(5)]);
});

test('a tail never begins inside a character', () => {
  assert.equal(tailOf('a😀b', 4), 'b');
  assert.equal(tailOf('a😀b', 5), '😀b');
  assert.equal(tailOf('a😀b', 6), 'a😀b');
});
