import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractCallback } from '../../src/callback/extract.ts';

const expected = { nonce: 'N1', taskId: 'issue-78' };
const json = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({ task_id: 'issue-78', nonce: 'N1', status: 'completed', summary: 'done', ...over });
const fence = (body: string): string => '```callback-json\n' + body + '\n```';

describe('the callback of a turn', () => {
  const valid: readonly [string, readonly string[]][] = [
    ['stands alone', [fence(json())]],
    ['is pretty-printed', [fence(JSON.stringify(JSON.parse(json()), null, 2))]],
    [
      'has text glued before the fence, as when messages run together',
      ['I will write the file first.' + fence(json())],
    ],
    ['has text glued behind the fence, as pi adds', [fence(json()) + 'Retry finished, resuming.']],
    ['ends with the message before its fence is closed', ['```callback-json\n' + json()]],
    ['uses CRLF', [fence(json()).replaceAll('\n', '\r\n')]],
    ['has a summary that holds a fence', [fence(json({ summary: 'use ```js\ncode``` here' }))]],
    [
      'follows the example of the contract',
      [fence('{"task_id": "issue-78", "nonce": "N1", "status": "completed | failed"}') + fence(json())],
    ],
    ['stands in the message before the last', ['Anything else?', fence(json())]],
    ['uses a longer fence', ['````callback-json\n' + json() + '\n````']],
    ['leaves optional fields null', [fence(json({ test_results: null, files_changed: null }))]],
    ['has fields we do not know', [fence(json({ mood: 'fine' }))]],
  ];
  for (const [what, messages] of valid) {
    it(`is found when it ${what}`, () => {
      assert.equal(extractCallback(messages, expected).type, 'valid');
    });
  }

  it('is the last valid block of the message', () => {
    const result = extractCallback([fence(json({ summary: 'first' })) + fence(json({ summary: 'second' }))], expected);
    assert.equal(result.type === 'valid' && result.callback.summary, 'second');
  });

  it('is the valid block even when a damaged one follows', () => {
    assert.equal(extractCallback([fence(json()) + fence('{"task_id":')], expected).type, 'valid');
  });

  it('is never taken from a block with another nonce, such as a replayed one', () => {
    const result = extractCallback([fence(json({ nonce: 'OLD' }))], expected);
    assert.equal(result.type, 'malformed');
    assert.match(result.type === 'malformed' ? result.problem : '', /nonce.*OLD/);
  });

  it('is never taken from a block for another task', () => {
    assert.equal(extractCallback([fence(json({ task_id: 'issue-79' }))], expected).type, 'malformed');
  });

  const malformed: readonly [string, string, RegExp][] = [
    ['broken JSON', '{"task_id": "issue-78",', /not valid JSON/],
    ['an unknown status', json({ status: 'finished' }), /"status"/],
    ['negative counts', json({ test_results: { passed: 1, failed: -1, skipped: 0 } }), /test_results\.failed/],
    ['no summary', JSON.stringify({ task_id: 'issue-78', nonce: 'N1', status: 'completed' }), /"summary"/],
    ['an array', '[]', /the block was wrong/],
  ];
  for (const [what, body, problem] of malformed) {
    it(`with ${what} is reported with what was wrong`, () => {
      const result = extractCallback([fence(body)], expected);
      assert.match(result.type === 'malformed' ? result.problem : result.type, problem);
    });
  }

  it('is missing when there is only prose or another kind of block', () => {
    assert.deepEqual(extractCallback(['Done. ```json\n' + json() + '\n```'], expected), { type: 'missing' });
    assert.deepEqual(extractCallback([], expected), { type: 'missing' });
  });

  it('is found between any texts without a callback fence', () => {
    const prose = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('callback-json') && !text.includes('`') && !text.includes('~'));
    fc.assert(
      fc.property(prose, prose, (before, after) => {
        assert.equal(extractCallback([before + '\n' + fence(json()) + after], expected).type, 'valid');
      }),
    );
  });

  it('is never made up, whatever an agent writes: what is valid carries our nonce, our task and a known status', () => {
    const piece = fc.oneof(
      fc.constantFrom('```callback-json', '~~~callback-json', '````', '```', '~~~', '\n', '"', '{', '}', 'N1', json()),
      fc.json().map((value) => fence(value)),
      fc
        .record({
          task_id: fc.constantFrom('issue-78', 'issue-79', null),
          nonce: fc.constantFrom('N1', 'N2', 1, undefined),
          status: fc.constantFrom('completed', 'failed', 'need_clarification', 'merged', null),
          summary: fc.jsonValue(),
        })
        .map((fields) => fence(JSON.stringify(fields))),
      fc.string({ unit: 'binary' }),
    );
    const message = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    let valid = 0;
    fc.assert(
      fc.property(fc.array(message, { maxLength: 3 }), (messages) => {
        const result = extractCallback(messages, expected);
        if (result.type !== 'valid') return;
        valid += 1;
        assert.ok(messages.some((text) => text.includes('N1') && text.includes('issue-78')));
        assert.ok(['completed', 'failed', 'need_clarification'].includes(result.callback.status));
        assert.equal(typeof result.callback.summary, 'string');
      }),
      { numRuns: 1_000 },
    );
    assert.ok(valid > 0, 'not one was valid: this proves nothing');
  });
});
