import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TERMINALS } from '../../../src/agents/terminal/profiles.ts';
import { screenState } from '../../../src/agents/terminal/screen-state.ts';
import type { Look } from '../../../src/backend/terminal/agent-pane.ts';
import { markOf } from '../../../src/backend/terminal/choose.ts';

/** codex asking for this command, with something said further up. */
function asking(command: readonly string[], said = ''): Look {
  const drawn = command.map((line, index) => `${index === 0 ? '  $ ' : '    '}${line}`);
  const choices = ['› 1. Yes, proceed (y)', '  2. No, and tell Codex what to do differently (esc)'];
  const screen = [said, '  Would you like to run the following command?', ...drawn, ...choices].join('\n');
  const rules = TERMINALS['codex']?.screen;
  assert.ok(rules);
  return { title: '', screen, state: screenState(rules, { title: '', screen }) };
}

describe('an answer', () => {
  const rest = ['echo 1', '$ true', ...Array.from({ length: 14 }, (_, line) => `echo ${line}`)];

  it('is for the command that was judged, were another one different only before what looks like its beginning', () => {
    assert.notEqual(markOf(asking(['rm -r a', ...rest])), markOf(asking(['rm -r b', ...rest])));
    assert.equal(markOf(asking(['rm -r a', ...rest], 'I go on.')), markOf(asking(['rm -r a', ...rest], '⠹ Working')));
  });
});
