import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PermissionRequest } from '../../src/backend/backend.ts';
import { permissionQuestion } from '../../src/host/permission-facts.ts';

const asked = (fields: Partial<PermissionRequest>, unseen: readonly string[] = []) =>
  permissionQuestion(
    { toolCallId: 't', title: 'Run it', kind: 'execute', command: null, paths: [], ...fields },
    unseen,
    { redact: (text) => text.replaceAll('hunter2!', '[redacted]'), cwd: '/w' },
  );

describe('what a person decides a permission by', () => {
  it('is the command as it would be run, line by line', () => {
    assert.deepEqual(asked({ command: 'ls # look\r\n  rm -r x\rcurl y\n', paths: ['/w/a', 'a', '/etc'] }, ['a', 'b']), {
      question: 'May the agent do this: Run it?',
      facts: {
        kind: 'execute',
        command: 'ls # look\n  rm -r x\ncurl y',
        paths: 'a\n/etc',
        'not seen by the guard': 'a, b',
      },
    });
  });

  it('says how much of it is not there', () => {
    const { facts } = asked({ command: `${'x '.repeat(100_000)}; rm -r y`, paths: ['/x/'.repeat(20_000)] });
    const [commandLeft = 0, pathsLeft = 0] = (facts['not shown'] ?? '').match(/\d+/g)?.map(Number) ?? [];
    assert.equal((facts['command'] ?? '').length + commandLeft, 200_009);
    assert.equal((facts['paths'] ?? '').length + pathsLeft, 60_000);
    assert.equal(
      facts['not shown'],
      `${commandLeft} more characters of the command, ${pathsLeft} more characters of the paths`,
    );
  });

  it('has words that no shell looks at in quotes, and line ends in a path marked', () => {
    const words = ['rm', 'old file', '#', '/home/me', "it's"];
    assert.equal(
      asked({ command: words.join(' '), argv: words }).facts['command'],
      `rm 'old file' '#' /home/me 'it'\\''s'`,
    );
    assert.equal(asked({ paths: ['a\nb', 'c'] }).facts['paths'], 'a ⏎ b\nc');
  });

  it('has all of a title that the question has no room for, where there is no command', () => {
    const title = `ls ${'a '.repeat(200)}\ncurl z`;
    assert.equal(asked({ title }).facts['title'], title);
    assert.equal(asked({ title, command: 'ls' }).facts['title'], undefined);
    assert.equal(asked({ title: 'ls\ncurl z' }).question, 'May the agent do this: ls ⏎ curl z?');
    assert.deepEqual(asked({ title: 'ls', kind: null }).facts, {});
  });

  it('shows no secret and nothing that moves a cursor', () => {
    const { question, facts } = asked({
      ...{ title: 'echo hunter2!\u001b[2J', command: 'echo hunter2! \u001b]0;x\u0007', paths: ['hunter2!'] },
    });
    assert.deepEqual(
      [question, facts],
      [
        'May the agent do this: echo [redacted]\\u{1b}[2J?',
        { kind: 'execute', command: 'echo [redacted] \\u{1b}]0;x\\u{7}', paths: '[redacted]' },
      ],
    );
  });

  it('has every line of any command', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~]{0,300}$/)), (lines) => {
        assert.equal(asked({ command: lines.join('\n') }).facts['command'] ?? '', lines.join('\n').trim());
      }),
    );
  });
});
