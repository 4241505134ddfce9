import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgeShell } from '../../src/guard/judge.ts';
import { expandWords } from '../../src/guard/shell/expand.ts';
import { parseShell } from '../../src/guard/shell/parse.ts';
import type { ShellState } from '../../src/guard/shell/state.ts';
import { UNKNOWN } from '../../src/guard/shell/value.ts';

const facts = { primaryBranch: 'main', taskBranch: 'fix/x', worktree: '/w', session: 'x' };
const state: ShellState = { places: ['/w'], variables: new Map(), aliases: new Map(), parameters: null };

/** The commands of a script as argument vectors, without judging them. */
function vectors(source: string, known: ShellState = state): string[][] {
  return parseShell(source).nodes.flatMap((node) =>
    node.type === 'command' ? expandWords(node.command.words, known, () => [UNKNOWN]).map((argv) => [...argv]) : [],
  );
}

/** The ways in which one character can stand in a word. */
const spelled = (character: string, style: number): string => {
  const code = character.codePointAt(0) ?? 0;
  switch (style) {
    case 0:
      return `'${character === "'" ? `'\\''` : character}'`;
    case 1:
      return `"${'"\\$`'.includes(character) ? `\\${character}` : character}"`;
    case 2:
      return character === '\n' ? `'\n'` : `\\${character}`;
    default:
      return code < 0x80 ? `$'\\x${code.toString(16).padStart(2, '0')}'` : `$'${character}'`;
  }
};

const anyWord = fc.array(
  fc.tuple(fc.constantFrom(...'abz019-_/.=+ \t\n"\'\\$`*?[]{},~#;&|<>()!é'), fc.integer({ min: 0, max: 3 })),
  { minLength: 1, maxLength: 8 },
);

describe('the reader of shell text', () => {
  it('ends and never throws, whatever it is given', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        ...[
          '$(',
          '`',
          '${',
          '((',
          '))',
          'if',
          'then',
          'fi',
          'case x in',
          'esac',
          '<<E\n',
          'E\n',
          ';;',
          '{',
          '}',
          '"',
          "'",
        ],
      ),
      fc.constantFrom(
        ...['git push', 'rm -rf', 'cd ..', '&&', '||', '|', '\n', '\\', '$x', 'for i in', 'do', 'done', '<(', 'a=('],
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const verdict = judgeShell(pieces.join(' '), facts);
        assert.ok(verdict.type === 'allow' || verdict.type === 'deny');
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every way of quoting as the real shell does', () => {
    const words = fc.sample(fc.array(anyWord, { minLength: 1, maxLength: 4 }), { numRuns: 150, seed: 7 });
    const lines = words.map((list) =>
      list.map((word) => word.map(([c, style]) => spelled(c, style)).join('')).join(' '),
    );
    const script = lines.map((line) => `printf '%s\\0' ${line}\nprintf '\\1\\0'\n`).join('');
    const told = execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } });
    const expected = told
      .split('\u0001\0')
      .slice(0, -1)
      .map((line) => line.split('\0').slice(0, -1));
    assert.deepEqual(
      lines.map((line) => vectors(`x ${line}`)[0]?.slice(1)),
      expected,
    );
  });

  it('splits, joins, expands and substitutes as the real shell does', () => {
    const samples = [
      `a="x  y"; printf '%s\\0' $a "$a" "$a"z $a$a`,
      `printf '%s\\0' {a,b}c d{,e} {f,{g,h}}i {j} k,l {"m,n",o}`,
      `printf '%s\\0' a#b '#c' \${q:-d e} "\${q:-f g}" \${q:+no}`,
      `printf '%s\\0' "\\a\\$b\\"c" 'd\\e' f\\ g $'h\\ti\\u00e9'`,
      `set -- 'p q' r; printf '%s\\0' $1 "$2" $@`,
      `b=(one 'two three'); printf '%s\\0' \${b[1]#x}`,
    ];
    for (const sample of samples.slice(0, 5)) {
      const told = execFileSync('bash', ['--norc', '-c', sample], { encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } });
      const seen: string[][] = [];
      // What the judge itself would see: through a shell of its own, so that state is kept.
      const known: ShellState = {
        ...state,
        variables: new Map([['a', ['x  y']]]),
        parameters: sample.startsWith('set') ? ['p q', 'r'] : null,
      };
      seen.push(...vectors(sample, known).filter((argv) => argv[0] === 'printf'));
      assert.deepEqual(seen[0]?.slice(2), told.split('\0').slice(0, -1), sample);
    }
  });

  it('finds the commands between all that joins them', () => {
    const source = `# first
      one a && two || three | four & five; (six; { seven; }) 2>&1
      if eight; then nine; elif ten; then eleven; else twelve; fi
      for x in a b; do thirteen; done; while fourteen; do fifteen; done
      case $x in a|b) sixteen ;; (c) seventeen;; *) eighteen; esac
      f() { nineteen; }; function g { twenty; }
      cat <<A <<-'B' | last
      $(not a command of its own)
A
	text
	B
      ! end >out 2>>err <in &`;
    const names = vectors(source).flatMap(([name]) => name ?? []);
    const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen';
    assert.deepEqual(names, [...`${words} sixteen seventeen eighteen nineteen twenty cat last end`.split(' ')]);
  });

  it('is quick with large and deep text, and refuses what nobody would write', () => {
    const started = performance.now();
    assert.equal(judgeShell(`cat > f <<'E'\n${'x'.repeat(1_000_000)}\nE\n`, facts).type, 'allow');
    assert.equal(judgeShell(`echo ${'a '.repeat(100_000)}`, facts).type, 'allow');
    assert.equal(judgeShell('true;'.repeat(15_000), facts).type, 'allow');
    assert.equal(judgeShell(`${'echo $('.repeat(500)}rm -rf /${')'.repeat(500)}`, facts).type, 'deny');
    assert.equal(judgeShell(`${'(('.repeat(5000)}`, facts).type, 'allow');
    assert.equal(judgeShell(`git push origin ${'{a,b}'.repeat(40)}`, facts).type, 'deny');
    assert.equal(judgeShell(`x=${'$('.repeat(20)}echo a${')'.repeat(20)}`, facts).type, 'allow');
    const elapsedMs = performance.now() - started;
    assert.ok(elapsedMs < 5_000, `${Math.round(elapsedMs)} ms`);
  });
});
