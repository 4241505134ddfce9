import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findJsonFault } from '../../src/config/json-position.ts';

describe('findJsonFault', () => {
  const cases: [string, string, number, number, RegExp][] = [
    ['a trailing comma', '{\n  "a": 1,\n}', 2, 9, /"," before "}"/],
    ['a comment', '{\n  // why\n  "a": 1\n}', 2, 3, /comments/],
    ['single quotes', "{'a': 1}", 1, 2, /double quotes/],
    ['a bare key', '{a: 1}', 1, 2, /a key in double quotes/],
    ['a missing colon', '{"a" 1}', 1, 6, /":"/],
    ['a missing comma', '{"a": 1\n "b": 2}', 2, 2, /a "," or "}" is missing/],
    ['a missing end', '{"a": [1, 2}', 1, 12, /a "," or "]" is missing/],
    ['an unfinished file', '{"a": {', 1, 8, /ends/],
    ['an unfinished word', '{"a": tru}', 1, 7, /expected a value/],
    ['a line break in a string', '{"a": "x\ny"}', 1, 9, /line break/],
    ['a wrong escape', '{"a": "\\x"}', 1, 8, /escape/],
    ['something after the end', '{} x', 1, 4, /after the end/],
    ['an empty file', '', 1, 1, /ends/],
    ['a column after emoji', '{"🎉": x}', 1, 7, /expected a value/],
    ['absurd nesting', '['.repeat(100_000), 1, 202, /nested/],
  ];
  for (const [what, text, line, column, expected] of cases) {
    it(`finds ${what}`, () => {
      const fault = findJsonFault(text);
      assert.match(fault.what, expected);
      assert.deepEqual([fault.line, fault.column], [line, column]);
    });
  }

  it('finds a fault in every text that JSON.parse refuses, and none inside of one that it takes', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', 'x', '\n', '\\'), (json, at, insert) => {
        const position = at % (json.length + 1);
        const text = json.slice(0, position) + insert + json.slice(position + (insert === '' ? 1 : 0));
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const { what } = findJsonFault(text);
        assert.equal(what === 'something follows after the end of the value' && valid, valid, text);
      }),
    );
  });
});
