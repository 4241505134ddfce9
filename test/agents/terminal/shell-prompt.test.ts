import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isBackAtShell } from '../../../src/agents/terminal/shell-prompt.ts';

it('a terminal is back at a shell only when a shell has it and its last line is a prompt', () => {
  const cases = [
    ['bash', 'bye\nme@host:~/work$ \n\n', true],
    ['-zsh', 'work % ', true],
    ['fish', '~/work> ', true],
    ['sh', '# ', true],
    ['zsh', '➜  work git:(main) \n❯ ', true],
    ['bash', '$ npm test\nrunning', false],
    ['bash', '', false],
    ['node', '❯ ', false],
    ['claude', '❯ ', false],
    ['bash-language-server', '$ ', false],
  ] as const;
  for (const [foreground, screen, expected] of cases) assert.equal(isBackAtShell(foreground, screen), expected, screen);
});
