import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConduxtError } from '../../src/errors.ts';
import { cleanInput } from '../../src/tmux/clean-input.ts';
import { commandLine, pipeWord } from '../../src/tmux/command-line.ts';
import { parsePanes } from '../../src/tmux/pane-list.ts';
import { isRecent, parseVersion, requireTmux } from '../../src/tmux/version.ts';

describe('the version of tmux', () => {
  const cases: readonly [string, boolean | null][] = [
    ['tmux 3.3a\n', true],
    ['tmux 3.3', true],
    ['tmux next-3.6', true],
    ['tmux 4.0', true],
    ['tmux 3.2a', false],
    ['tmux 2.9', false],
    ['tmux master', null],
  ];
  for (const [text, recent] of cases) {
    it(`${text.trim()} is ${recent === null ? 'not known' : recent ? 'recent enough' : 'too old'}`, () => {
      const version = parseVersion(text);
      assert.equal(version === null ? null : isRecent(version), recent);
    });
  }

  it('missing is exit 5 with a way on', async () => {
    await assert.rejects(requireTmux({ PATH: '/nowhere' }), (error) => {
      assert.ok(error instanceof ConduxtError);
      assert.equal(error.code, 'tmux-missing');
      assert.equal(error.exitCode, 5);
      assert.match(error.remedy ?? '', /--backend acp/);
      return true;
    });
  });
});

describe('what is pasted', () => {
  it('holds no control character but newline and tab, and counts what was taken out', () => {
    assert.deepEqual(cleanInput('a\x1b[201~b\r\nc\td\x7f\u009b\n'), { text: 'a[201~b\nc\td', stripped: 3 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanInput(text).text;
        assert.doesNotMatch(clean, /[\0-\x08\x0b-\x1f\x7f-\x9f]/);
        assert.equal(cleanInput(clean).text, clean);
      }),
    );
  });
});

describe('a tmux command line', () => {
  it('keeps a semicolon at the end of a word in the word, and its own between commands', () => {
    assert.deepEqual(
      commandLine([
        ['a', 'x;', ';'],
        ['b', 'y'],
      ]),
      ['a', 'x\\;', '\\;', ';', 'b', 'y'],
    );
  });

  it('writes a file name for the shell of pipe-pane, past formats and dates', () => {
    assert.equal(pipeWord("/a b/#{x}/%H/it's"), "'/a b/##{x}/%%H/it'\\''s'");
  });

  it('reads panes whose title holds anything', () => {
    const [pane] = parsePanes('$1|oc-a|@2|%3|44|0|0|1|99|node|a|b ⠋\n');
    assert.deepEqual(pane, {
      ...{ sessionId: '$1', sessionName: 'oc-a', windowId: '@2', paneId: '%3', pid: 44, dead: false, inMode: false },
      ...{ attached: 1, activity: 99, command: 'node', title: 'a|b ⠋' },
    });
    assert.deepEqual(parsePanes('no server running\n'), []);
  });
});
