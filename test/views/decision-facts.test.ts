import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AT_LENGTH, BRIEFLY, factLines } from '../../src/views/decision-facts.ts';

describe('the facts of a decision', () => {
  it('have a line for each line of theirs', () => {
    assert.deepEqual(factLines({ kind: 'execute', command: 'ls\n  # x\n\ncurl y' }, BRIEFLY), [
      'kind: execute',
      'command:',
      '  | ls',
      '  |   # x',
      '  | ',
      '  | curl y',
    ]);
  });

  it('say how much is left out, and where it stands', () => {
    const words = 'word '.repeat(10_000);
    const [first = '', rest] = factLines({ command: words }, BRIEFLY);
    assert.ok(first.length > 1_900 && first.length <= 2_000 + 'command: '.length);
    const left = words.trim().length - (first.length - 'command: '.length);
    assert.equal(rest, `  … and ${left} more characters: conduxt decisions`);
    const lines = factLines({ paths: 'a\n'.repeat(500) }, AT_LENGTH);
    assert.equal(lines.length, 1 + 400 + 1);
    assert.equal(lines.at(-1), '  … and 200 more characters: conduxt decisions --json');
  });

  it('are safe to print, also those of an older journal', () =>
    assert.deepEqual(factLines({ 'a\u001b[2J': 'b\u001b[2J' }, BRIEFLY), ['a\\u{1b}[2J: b\\u{1b}[2J']));
});
