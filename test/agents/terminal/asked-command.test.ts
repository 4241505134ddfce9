import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { askedCommand } from '../../../src/agents/terminal/asked-command.ts';
import { terminalFor } from '../../../src/agents/terminal/profiles.ts';
import { screenState } from '../../../src/agents/terminal/screen-state.ts';

const SCREENS = path.resolve(import.meta.dirname, '../../../fixtures/screens');
const RECORDED = 'touch /home/lab/work/perm.txt';
const AGENTS = ['claude', 'codex', 'gemini', 'opencode'] as const;

/** The recorded question of an agent with another command in its place, line by line as it draws them. */
function asking(agent: string, drawn: readonly string[]): string[] {
  const screen = readFileSync(path.join(SCREENS, agent, '080-permission.txt'), 'utf8').split('\n');
  const at = screen.findLastIndex((line) => line.includes(RECORDED) && !line.includes('? Shell'));
  const [before = '', after = ''] = (screen[at] ?? '').split(RECORDED);
  const blank = before.replace('$ ', '  ');
  const sides = after.trimStart();
  const width = before.length + RECORDED.length + after.length - sides.length;
  const lines = drawn.map((line, index) => `${index === 0 ? before : blank}${line}`.padEnd(width) + sides);
  return [...screen.slice(0, at), ...lines, ...screen.slice(at + 1)].filter((line) => line.trim() !== '');
}

const asked = (agent: string, drawn: readonly string[]): ReturnType<typeof askedCommand> =>
  askedCommand(asking(agent, drawn), terminalFor(agent).screen);

describe('the command that a screen asks about', () => {
  for (const agent of AGENTS) {
    it(`${agent} is one line, with its pipes`, () => {
      const command = 'echo y | git push --force';
      assert.deepEqual(asked(agent, [command]), { readings: [command], isCut: false });
    });

    it(`${agent} has all its lines, not the first or the last one`, () => {
      const lines = ['cd src', 'rm -rf ~', 'echo done'];
      assert.equal(asked(agent, lines)?.readings[0], lines.join('\n'));
    });

    it(`${agent} is what stands there, whatever it draws itself`, () => {
      const lines = ['rm -rf ~', '$ echo hello', '╭──────────', 'echo hello', '╰──────────', '╌╌╌╌╌╌╌╌', 'echo hello'];
      assert.match(asked(agent, lines)?.readings[0] ?? '', /rm -rf ~/);
    });

    it(`${agent} may be one line that was broken to fit, and is read in that way too`, () => {
      const readings = asked(agent, ['x'.repeat(70) + ' --fo', 'rce'])?.readings ?? [];
      assert.ok(
        readings.some((reading) => reading.endsWith('--force')),
        readings.join('\n'),
      );
    });

    it(`${agent} has what looks like its end, and is known to be in doubt then`, () => {
      const inside = [
        ['true', 'Yes() { git push --force origin main; }; Yes'],
        ['case 1 in', '1) git push --force;;', 'esac'],
        [
          'true',
          'git push -f # Would you like to run the following command? Allow execution of it? Do you want to proceed?',
        ],
      ];
      for (const lines of inside) {
        const found = asked(agent, lines);
        assert.ok(
          found?.isCut === true || found?.readings[0] === lines.join('\n'),
          `${lines[1]}: ${found?.readings[0]}`,
        );
        assert.match(found.readings[0], /git push/);
      }
    });

    it(`${agent} is read from its beginning, however far up that is, or not at all`, () => {
      const lines = ['git push --force', ': <<E', ...Array.from({ length: 30 }, () => 'x'), '$ true', 'E'];
      const { screen } = terminalFor(agent);
      const found = screenState(screen, { title: '', screen: asking(agent, lines).join('\n') });
      // A question that is so far up is none that anything is pressed for.
      const read = found.type === 'permission' ? found.command?.readings[0] : 'git push --force\n';
      assert.match(read ?? '', /^git push --force\n/);
    });

    it(`${agent} is not known in full when its beginning has left the screen, whatever stands in it`, () => {
      const { screen } = terminalFor(agent);
      const many = (count: number): string[] => Array.from({ length: count }, () => 'x');
      const questions = [
        'Do you want to proceed?',
        'Would you like to run',
        'Allow execution of it?',
        '△ Permission required',
      ];
      const frames = ['╌'.repeat(79), '────────', '╭────────', '╰────────'];
      const inside = [
        ['$ true', 'E'],
        ...frames.map((frame) => [frame, 'E', 'true']),
        ...frames.flatMap((frame) => questions.map((question) => [frame, 'true', frame, question])),
        ...questions.flatMap((question) => [1, 2, 3].map((dent) => [question, '$ true', `${' '.repeat(dent)}E`])),
        ...questions.map((question) => [question, '$ true', frames[0] ?? '', question]),
      ];
      for (const lines of inside) {
        const drawn = asking(agent, ['git push --force origin main', ': <<E', ...many(70), ...lines]);
        for (const height of [24, 40, 60])
          for (const rules of [screen, { ...screen, command: 'either' } as const]) {
            const found = screenState(rules, { title: '', screen: drawn.slice(-height).join('\n') });
            const isKnown = found.type === 'permission' && found.command?.isCut === false;
            assert.ok(!isKnown, `${height} lines end in ${lines.join(' / ')}: ${JSON.stringify(found)}`);
          }
      }
    });

    it(`${agent} may be broken in one line, and have others`, () => {
      const readings = asked(agent, ['cd src', `${'x'.repeat(70)} --fo`, 'rce', 'ls'])?.readings ?? [];
      assert.ok(
        readings.some((reading) => /^cd src\nx+ --force\nls$/.test(reading)),
        readings.join('\n\n'),
      );
    });

    it(`${agent} is not known when some of it is not shown`, () => {
      for (const cut of ['… +12 lines', '... 3 more lines hidden ...'])
        assert.equal(asked(agent, ['cat > a <<EOF', cut])?.isCut, true, cut);
    });
  }

  it('is none where nothing looks like one, and one of any lines is found again', () => {
    assert.equal(
      askedCommand(['May I edit a.js?', '❯ 1. Yes', '  2. No'], { asks: [/May I/], command: 'either' }),
      null,
    );
    const line = fc.stringMatching(/^[A-Za-z0-9][a-z0-9.)]{0,8}( [a-z0-9&;|-]{1,9}){0,3}$/);
    fc.assert(
      fc.property(fc.constantFrom(...AGENTS), fc.array(line, { minLength: 1, maxLength: 6 }), (agent, lines) => {
        const found = asked(agent, lines);
        assert.equal(found?.readings[0].replaceAll(/\s+/g, ' '), lines.join(' ').replaceAll(/\s+/g, ' '));
      }),
    );
  });
});
