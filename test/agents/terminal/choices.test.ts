import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { choicesIn, onceChoice, questionMark, refusingChoice } from '../../../src/agents/terminal/choices.ts';

const SCREENS = path.resolve(import.meta.dirname, '../../../fixtures/screens');
const read = (file: string): string => readFileSync(path.join(SCREENS, `${file}.txt`), 'utf8');
const names = (screen: string): string[] => choicesIn(screen).map(({ name }) => name);
const pointedAt = (screen: string): string | undefined =>
  choicesIn(screen).find(({ by }) => by.type === 'list' && by.isPointedAt)?.name;

/** Recorded screen, its choices, the one with the pointer, the one that allows it once. */
const recorded: readonly (readonly [string, readonly string[], string | undefined, string | undefined])[] = [
  ['claude/080-permission', ['1', '2', '3', '4', 'escape'], '1', '1'],
  ['codex/080-permission', ['1', '2', '3', 'escape'], '1', '1'],
  ['gemini/080-permission', ['1', '2', '3', 'escape'], '1', '1'],
  [
    'unseeded/claude-080-apikey',
    ['no-exit', 'yes-i-trust-this-folder', 'escape'],
    'no-exit',
    'yes-i-trust-this-folder',
  ],
  ['unseeded/claude-080-trust', ['yes', 'no-recommended', 'escape'], 'no-recommended', 'yes'],
  ['unseeded/codex-080-first', ['1', '2', 'escape'], '1', undefined],
  ['unseeded/gemini-080-first', ['1', '2', '3'], '1', undefined],
];

describe('the choices of a question on a screen', () => {
  for (const [file, choices, pointed, once] of recorded) {
    it(`are read from ${file}`, () => {
      const screen = read(file);
      assert.deepEqual(names(screen), choices);
      assert.equal(pointedAt(screen), pointed);
      assert.equal(onceChoice(choicesIn(screen))?.name, once);
    });
  }

  it('are letters where it asks for one', () => {
    const aider = "Add src/a.js to the chat? (Y)es/(N)o/(A)ll/(S)kip all/(D)on't ask again [Yes]: ";
    assert.deepEqual(names(aider), ['yes', 'no', 'all', 'skip-all', 'dont-ask-again']);
    assert.equal(onceChoice(choicesIn(aider))?.name, 'yes');
    assert.equal(refusingChoice(choicesIn(aider))?.name, 'no');
    assert.deepEqual(names('Overwrite it? [y/N] '), ['yes', 'no']);
  });

  it('are the keys that it names, where it has nothing else', () => {
    assert.deepEqual(names('Welcome!\n\n Press Enter to continue\n'), ['enter']);
    assert.deepEqual(names('Paste your key:\n > \n Esc to cancel\n'), ['escape']);
    assert.deepEqual(names('A plain screen\n'), []);
  });

  it('are those of the last list, not of what was said above it', () => {
    assert.deepEqual(names(' 1. first\n 2. second\n 3. third\n\n Which?\n ❯ 1. Yes\n   2. No\n'), ['1', '2']);
  });

  it('are always some, with a name each, whatever the screen holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        const found = names(lines.join('\n'));
        assert.equal(new Set(found).size, found.length);
        assert.ok(found.every((name) => name !== ''));
      }),
    );
    const files = readdirSync(SCREENS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.txt'));
    for (const file of files) choicesIn(read(file.slice(0, -4)));
  });
});

describe('a question', () => {
  it('is the same one when its pointer, its time and its spinner move, and another one with other words', () => {
    const at = (pointer: 1 | 2, seconds: number): string =>
      ` Allow it? ⠹ ${seconds}s\n ${pointer === 1 ? '❯' : ' '} 1. Yes\n ${pointer === 2 ? '❯' : ' '} 2. No\n`;
    assert.equal(questionMark(at(1, 3)), questionMark(at(2, 14)));
    const more = ` ${'said before\n'.repeat(9)}`;
    assert.equal(
      questionMark(more + at(1, 3)),
      questionMark(`${more} and more\n${'said before\n'.repeat(6)}${at(2, 3)}`),
    );
    assert.notEqual(questionMark(at(1, 3)), questionMark(at(1, 3).replace('Allow', 'Refuse')));
  });

  for (const [file, command] of [
    ['claude/080-permission', 'touch /home/lab/work/perm.txt'],
    ['codex/080-permission', 'touch /home/lab/work/perm.txt'],
    ['gemini/080-permission', 'touch /home/lab/work/perm.txt'],
  ] as const) {
    it(`of ${file} is another one with another command, were it by a digit or a blank`, () => {
      const asks = (other: string): string => questionMark(read(file).replaceAll(command, other));
      const others = ['kill 4711', 'kill 4712', 'cat a b', 'cat ab', 'cat a > b', 'cat a b *', 'sleep 5s', 'sleep 6s'];
      assert.equal(new Set([...others, `${others[0]} # ⠹`, `${others[1]} # ⠹`].map(asks)).size, others.length + 2);
      assert.equal(asks(command), questionMark(read(file)));
    });
  }

  it('is another one when a long command differs in its first line', () => {
    const frame = '╌'.repeat(20);
    const body = Array.from({ length: 10 }, (_, line) => ` echo ${line}`).join('\n');
    const asks = (first: string): string =>
      ` Bash command\n${frame}\n ${first}\n${body}\n${frame}\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n`;
    assert.notEqual(questionMark(asks('rm -r a')), questionMark(asks('rm -r b')));
  });

  it('is the same one while a time in brackets goes on', () => {
    const asks = (time: string): string => ` Working (${time} · esc to stop)\n Allow it?\n ❯ 1. Yes\n   2. No\n`;
    assert.equal(questionMark(asks('9s')), questionMark(asks('1m 12s')));
  });
});
