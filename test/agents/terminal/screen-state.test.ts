import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PROFILES } from '../../../src/agents/profiles.ts';
import { GENERIC_SCREEN, terminalFor, TERMINALS } from '../../../src/agents/terminal/profiles.ts';
import { screenState } from '../../../src/agents/terminal/screen-state.ts';

const SCREENS = path.resolve(import.meta.dirname, '../../../fixtures/screens');
const read = (file: string): string => readFileSync(path.join(SCREENS, `${file}.txt`), 'utf8');

/** Agent, screen, title (where one was noted), state. Every recorded screen is here. */
const recorded: readonly (readonly [string, string, string, string])[] = [
  ['claude', '080-after-ctrlc', '✳', 'ready'],
  ['claude', '080-after-escape', '✳', 'ready'],
  ['claude', '080-bigpaste', '✳', 'ready'],
  ['claude', '080-busy', '◐', 'busy'],
  ['claude', '080-bypass-root', '', 'starting'],
  ['claude', '080-error400', '✳', 'ready'],
  ['claude', '080-error401', '', 'busy'],
  ['claude', '080-escape-tool', '✳', 'ready'],
  ['claude', '080-final-long', '✳', 'ready'],
  ['claude', '080-final-pretty', '✳', 'ready'],
  ['claude', '080-permission', '✳', 'permission'],
  ['claude', '080-queued', '✳', 'ready'],
  ['claude', '080-ready', '✳', 'ready'],
  ['claude', '080-resumed', '✳', 'ready'],
  // Not the mode it is started in: its prompt is another one.
  ['claude', '080-screenreader-final-long', '✳', 'starting'],
  ['claude', '080-tool-running', '', 'busy'],
  ['claude', '080-tui-default-final-long', '✳', 'ready'],
  ['claude', '200-final-long', '✳', 'ready'],
  ['claude', '200-ready', '✳', 'ready'],
  ['codex', '080-after-ctrlc', '', 'dialog'],
  ['codex', '080-after-escape', 'lab', 'ready'],
  ['codex', '080-bigpaste', 'lab', 'ready'],
  // Its prompt stays while text streams in: only the title says it.
  ['codex', '080-busy', '⠋ lab', 'busy'],
  ['codex', '080-ctrlc-modal', '', 'dialog'],
  ['codex', '080-escape-tool', 'lab', 'ready'],
  ['codex', '080-final-long', 'lab', 'ready'],
  ['codex', '080-final-pretty', 'lab', 'ready'],
  ['codex', '080-hooks-review', '', 'dialog'],
  ['codex', '080-noalt-final-long', 'lab', 'ready'],
  ['codex', '080-permission', '[ ! ] Action Required', 'permission'],
  ['codex', '080-queued', 'lab', 'ready'],
  ['codex', '080-ready', 'lab', 'ready'],
  ['codex', '080-resumed', 'lab', 'ready'],
  ['codex', '080-tool-running', '', 'busy'],
  ['codex', '200-final-long', 'lab', 'ready'],
  ['codex', '200-ready', 'lab', 'ready'],
  ['gemini', '080-busy', '', 'busy'],
  ['gemini', '080-final-pretty', '◇  Ready', 'ready'],
  ['gemini', '080-permission', '✋  Action Required', 'permission'],
  ['gemini', '080-ready', '◇  Ready', 'ready'],
  ['opencode', '080-after-escape2', '', 'ready'],
  ['opencode', '080-busy', '', 'busy'],
  ['opencode', '080-final-pretty', '', 'ready'],
  ['opencode', '080-permission', '', 'permission'],
  ['opencode', '080-ready', '', 'ready'],
  ['opencode', '200-final-long', '', 'ready'],
  ['pi', '080-busy', '', 'busy'],
  ['pi', '080-final-pretty', '', 'ready'],
  ['pi', '080-ready', '', 'ready'],
  ['pi', '080-tool-running', '', 'busy'],
  ['pi', '200-final-long', '', 'ready'],
  ['pi', '200-ready', '', 'ready'],
  ['unseeded', 'claude-080-apikey', '', 'dialog'],
  ['unseeded', 'claude-080-first', '', 'starting'],
  ['unseeded', 'claude-080-trust', '', 'dialog'],
  ['unseeded', 'codex-080-first', '', 'dialog'],
  ['unseeded', 'gemini-080-first', '', 'dialog'],
];

const agentOf = (folder: string, file: string): string => (folder === 'unseeded' ? (file.split('-')[0] ?? '') : folder);

describe('the state of a recorded screen', () => {
  for (const [folder, file, title, state] of recorded) {
    it(`${folder} ${file} is ${state}`, () => {
      const { screen } = terminalFor(agentOf(folder, file));
      const found = screenState(screen, { title, screen: read(`${folder}/${file}`) });
      assert.equal(found.type, state, JSON.stringify(found));
      if (found.type === 'ready') assert.equal(found.input, '');
    });
  }

  it('is known for every recorded screen', () => {
    const files = readdirSync(SCREENS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.txt'));
    const known = recorded.map(([folder, file]) => `${folder}/${file}.txt`);
    assert.deepEqual(files.toSorted(), known.toSorted());
  });

  it('says what a permission is for, and whether Enter would give it', () => {
    const cases = [
      ['claude', 'touch /home/lab/work/perm.txt', true],
      ['codex', 'touch /home/lab/work/perm.txt', true],
      ['gemini', 'touch /home/lab/work/perm.txt', true],
      ['opencode', 'touch /home/lab/work/perm.txt', false],
    ] as const;
    for (const [agent, command, yesIsChosen] of cases) {
      const found = screenState(terminalFor(agent).screen, { title: '', screen: read(`${agent}/080-permission`) });
      assert.partialDeepStrictEqual(
        found,
        { type: 'permission', command: { readings: [command] }, yesIsChosen },
        agent,
      );
    }
  });
});

describe('the state of any screen', () => {
  it('is read from the bottom, not from what was said', () => {
    const screen =
      ' I wrote: Do you want to proceed? (y/n)\n esc to interrupt\n\n a\n b\n c\n d\n e\n f\n❯ \n ? for shortcuts\n';
    assert.deepEqual(screenState(GENERIC_SCREEN, { title: '', screen }), { type: 'ready', input: '' });
  });

  it('says what stands in the box, over several lines', () => {
    const screen = ' hello\n────────────\n❯ first line\n  second line\n────────────\n  ? for shortcuts\n';
    const expected = { type: 'ready', input: 'first line\nsecond line' };
    assert.deepEqual(screenState(terminalFor('claude').screen, { title: '', screen }), expected);
    assert.deepEqual(screenState(GENERIC_SCREEN, { title: '', screen }), expected);
  });

  it('takes no menu for a box', () => {
    const screen = ' Choose a theme\n ❯ 1. Dark\n   2. Light\n';
    assert.equal(screenState(GENERIC_SCREEN, { title: '', screen }).type, 'starting');
  });

  it('is always one, whatever the screen holds', () => {
    for (const rules of [GENERIC_SCREEN, ...Object.values(TERMINALS).map(({ screen }) => screen)]) {
      fc.assert(
        fc.property(fc.string(), fc.array(fc.string()), (title, lines) => {
          assert.ok(screenState(rules, { title, screen: lines.join('\n') }).type.length > 0);
        }),
        { numRuns: 50 },
      );
    }
  });
});

it('every agent that is said to have a terminal has rules for it', () => {
  const said = PROFILES.filter(({ terminal }) => terminal).map(({ name }) => name);
  assert.deepEqual(said.toSorted(), Object.keys(TERMINALS).toSorted());
});
