import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

/** A test file and the words of a test in it, as the tables name them. */
const NAMED = /`([\w/.-]+\.test\.ts)`: ([^|]+?)\s*\|/g;

const proofsIn = (file: string): readonly (readonly [string, string])[] =>
  [...readFileSync(path.resolve(import.meta.dirname, file), 'utf8').matchAll(NAMED)].map(
    ([, test = '', words = '']) => [test, words] as const,
  );

/** Quotes may be escaped in the source. */
const plain = (text: string): string => text.replaceAll('\\', '');

describe('the tables of proofs', () => {
  for (const [file, least] of [
    ['README.md', 45],
    ['../README.md', 15],
  ] as const) {
    it(`of ${file} name tests that are there`, () => {
      const proofs = proofsIn(file);
      assert.ok(proofs.length >= least, `${proofs.length}`);
      const missing = proofs.filter(([test, words]) => {
        const source = path.join(import.meta.dirname, test);
        return !existsSync(source) || !plain(readFileSync(source, 'utf8')).includes(words);
      });
      assert.deepEqual(missing, []);
    });
  }

  it('have all of the fourteen threats and thirty-two failures', () => {
    const text = readFileSync(path.join(import.meta.dirname, 'README.md'), 'utf8');
    for (let number = 1; number <= 14; number += 1) assert.match(text, new RegExp(`^\\| S${number} `, 'm'));
    for (let number = 1; number <= 32; number += 1) assert.match(text, new RegExp(`^\\| ${number} `, 'm'));
  });
});
