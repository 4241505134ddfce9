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

/** Quotes may be escaped in the source, and what means something to Markdown in a table. */
const plain = (text: string): string => text.replaceAll('\\', '');

describe('the tables of proofs', () => {
  for (const [file, least] of [
    ['README.md', 45],
    ['REQUIREMENTS.md', 500],
    ['../README.md', 15],
  ] as const) {
    it(`of ${file} name tests that are there`, () => {
      const proofs = proofsIn(file);
      assert.ok(proofs.length >= least, `${proofs.length}`);
      const missing = proofs.filter(([test, words]) => {
        const source = path.join(import.meta.dirname, test);
        return !existsSync(source) || !plain(readFileSync(source, 'utf8')).includes(plain(words));
      });
      assert.deepEqual(missing, []);
    });
  }

  it('have all of the fourteen threats and thirty-two failures', () => {
    const text = readFileSync(path.join(import.meta.dirname, 'README.md'), 'utf8');
    for (let number = 1; number <= 14; number += 1) assert.match(text, new RegExp(`^\\| S${number} `, 'm'));
    for (let number = 1; number <= 32; number += 1) assert.match(text, new RegExp(`^\\| ${number} `, 'm'));
  });

  it('have every line of the source documents, each with a test or with the reason why there is none', () => {
    const text = readFileSync(path.join(import.meta.dirname, 'REQUIREMENTS.md'), 'utf8');
    const rows = text.split('\n').flatMap((line) => {
      const [, id = '', what = '', shown = ''] = /^\| (S\d+x?-\d+)? +\| (.*?) +\| (.*?) +\|$/.exec(line) ?? [];
      return line.startsWith('| ') && shown !== '' && !/^(?:test|-+)$/.test(shown) ? [{ id, what, shown }] : [];
    });
    for (const { id, what, shown } of rows) {
      assert.match(shown, /^(?:`[\w/.-]+\.test\.ts`: \S|(?:not met|no test): \S)/, `${id} ${what}`);
      assert.ok(id === '' || what !== '', id);
    }
    const LINES = { S0: 53, S1: 69, S2: 34, S2x: 28, S3: 72, S3x: 20, S4: 128, S4x: 47 };
    const wanted = Object.entries(LINES).flatMap(([group, lines]) =>
      Array.from({ length: lines }, (_, at) => `${group}-${String(at + 1).padStart(2, '0')}`),
    );
    assert.deepEqual(
      rows.map(({ id }) => id).filter((id) => id !== ''),
      wanted,
    );
  });
});
