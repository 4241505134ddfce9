import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeRedactor } from '../../src/text/redact.ts';
import { TOKEN_HINT, TOKEN_SHAPES } from '../../src/text/token-shapes.ts';

/** What stands around a match says nothing about what is in it. */
const withoutLookarounds = (source: string): string =>
  source.replaceAll(/\(\?<=(?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\(\?[=!](?:[^()]|\([^()]*\))*\)/g, '');

describe('the hint for tokens', () => {
  for (const { name, source } of TOKEN_SHAPES) {
    it(`is found in whatever has the shape of a ${name}: ${source.slice(0, 30)}`, () => {
      const shape = new RegExp(`^(?:${withoutLookarounds(source)})$`);
      const exact = new RegExp(source);
      const around = fc.constantFrom('', ' ', '\n', 'text ', '"', ':');
      fc.assert(
        fc.property(fc.stringMatching(shape, { maxLength: 120 }), around, around, (token, before, behind) => {
          const text = before + token + behind;
          if (exact.test(text)) assert.match(text, TOKEN_HINT);
        }),
      );
    });
  }
});

describe('a redactor', () => {
  it('finds a value of the environment in each form, also one without letters and digits', () => {
    for (const value of ['correct horse battery', '!!-- ~~ ++ //', 'äöü-ÄÖÜ-ß€', '12345678', 'a+b/c=d?e&f']) {
      const redact = makeRedactor({ MY_SECRET: value });
      const base64 = Buffer.from(`before ${value} behind`).toString('base64');
      for (const text of [value, JSON.stringify(value), encodeURIComponent(value), base64])
        assert.notEqual(redact(`<${text}>`), `<${text}>`, text);
    }
  });
});
