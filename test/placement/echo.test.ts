import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { echoEnd } from '../../src/placement/echo.ts';

const after = (raw: string, typed: string): string | null => {
  const end = echoEnd(raw, typed);
  return end === null ? null : raw.slice(end);
};

describe('what a shell shows of a typed line', () => {
  const typed = "sh -c 'sleep 1; echo ready'";
  const table: readonly (readonly [what: string, raw: string, rest: string | null])[] = [
    ['behind its prompt', `$ ${typed}\r\nready\r\n`, 'ready\r\n'],
    ['in colours', `$ \x1b[32msh\x1b[0m -c \x1b]0;title\x07'sleep 1; echo ready'\x1b[?2004l\r\nready`, 'ready'],
    ['wrapped', `$ sh -c 'sle \rep 1; echo\r\n ready'\r\n`, ''],
    ['drawn again at Enter', `$ \x1b[7m${typed}\x1b[27m\r\x1b[2C${typed}\r\nready`, 'ready'],
    ['after other words', `ready\r\n$ ${typed}\r\n`, ''],
    ['not before Enter', `$ ${typed}`, null],
    ['not yet', '$ ', null],
    ['half of it', "$ sh -c 'sleep 1; echo rea", null],
  ];
  for (const [what, raw, rest] of table) it(`is found ${what}`, () => assert.equal(after(raw, typed), rest));

  it('ends before whatever follows, wherever the line was broken', () => {
    const word = fc.stringMatching(/^[\w'"日🙂-]{1,8}$/u);
    const gap = fc.constantFrom(' ', ' \r', '\r\n', '\x1b[1m ');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, gap), { minLength: 1 }), (parts) => {
        const raw = parts.map(([each, between], at) => (at === 0 ? each : `${between}${each}`)).join('');
        assert.equal(after(`$ ${raw}\r\n> out`, parts.map(([each]) => each).join(' ')), '> out');
      }),
    );
    assert.equal(echoEnd('anything', ' '), null);
  });
});
