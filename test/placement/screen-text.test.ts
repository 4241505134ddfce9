import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chosen } from '../../src/placement/capture.ts';
import { firstMatch, asPattern } from '../../src/placement/readiness.ts';
import { isEmptyPrompt } from '../../src/placement/send.ts';

describe('a line with nothing typed into it', () => {
  const lines: readonly (readonly [string, number | null, boolean])[] = [
    ['$ ', null, true],
    ['user@host:~/x$ ', null, true],
    ['root@host:/# ', null, true],
    ['❯ ', null, true],
    ['>>> ', null, true],
    ['(venv) [main] ➜ ', null, true],
    ['', 0, true],
    ['$ rm -rf', null, false],
    ['$ ls', 2, false],
    ['Password: ', null, false],
    ['Continue? [y/N] ', null, true],
    ['Overwrite (yes/no)? ', null, false],
  ];
  for (const [line, column, empty] of lines) {
    it(`${empty ? 'is' : 'is not'} ${JSON.stringify(line)}${column === null ? '' : ` with the cursor at ${column}`}`, () => {
      assert.equal(isEmptyPrompt(line, column ?? line.length), empty);
    });
  }
});

describe('what is captured', () => {
  const text = 'one\ntwo error\nthree  \nerror four\n\n\n';
  it('has no empty lines at its end', () => {
    assert.deepEqual(chosen(text, { extent: 'screen', pattern: null }), ['one', 'two error', 'three', 'error four']);
    assert.deepEqual(chosen('\n\n', { extent: 'screen', pattern: null }), []);
  });
  it('is the last lines, and of them those that fit', () => {
    assert.deepEqual(chosen(text, { extent: 2, pattern: null }), ['three', 'error four']);
    assert.deepEqual(chosen(text, { extent: 'all', pattern: /error/ }), ['two error', 'error four']);
    assert.deepEqual(chosen(text, { extent: 2, pattern: /one/ }), []);
  });
  it('never holds what could move a cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) =>
        chosen(any, { extent: 'all', pattern: null }).every((line) => !/[\0-\x08\x0a-\x1f\x7f-\x9f]/.test(line)),
      ),
    );
  });
});

describe('the words that are waited for', () => {
  it('are found whatever their case and colours, with the line they stand in', () => {
    assert.equal(
      firstMatch('a\r\n\x1b[32mServer LISTENING\x1b[0m on 3\r\n', asPattern('ready|listening')),
      'Server LISTENING on 3',
    );
    assert.equal(firstMatch('still building', asPattern('ready')), null);
    assert.equal(firstMatch('50%\r60%\rready\r', asPattern('^ready$')), 'ready');
  });
});
