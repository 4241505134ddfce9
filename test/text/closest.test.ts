import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closest } from '../../src/text/closest.ts';

describe('closest', () => {
  const known = ['claude', 'codex', 'gemini', 'fixRounds', 'worktreeRoot', 'pi'];
  const cases: [string, string | undefined][] = [
    ['cluade', 'claude'],
    ['Claude', 'claude'],
    ['codx', 'codex'],
    ['fix-rounds', 'fixRounds'],
    ['fix_round', 'fixRounds'],
    ['worktreeroot', 'worktreeRoot'],
    ['pj', 'pi'],
    ['something-else', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ];
  for (const [word, expected] of cases) {
    it(`takes "${word.slice(0, 20)}" for ${expected ?? 'nothing known'}`, () =>
      assert.equal(closest(word, known), expected));
  }
});
