import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permissionRequestOf } from '../../../src/backend/acp/permission-request.ts';

test('command and paths come from structured fields, in every agent’s spelling', () => {
  const cases: readonly [string, unknown, object][] = [
    [
      'claude',
      {
        toolCallId: 't',
        title: 'Write out.txt',
        kind: 'edit',
        rawInput: { file_path: '/w/out.txt', content: 'x' },
        content: [{ type: 'diff', path: '/w/out.txt', oldText: null, newText: 'x' }],
        locations: [{ path: '/w/out.txt' }, { path: '/w/other.txt' }],
      },
      { toolCallId: 't', title: 'Write out.txt', kind: 'edit', command: null, paths: ['/w/out.txt', '/w/other.txt'] },
    ],
    [
      'codex',
      {
        toolCallId: 't',
        title: 'touch x',
        rawInput: { command: 'touch x', cwd: '/w' },
        kind: 'execute',
        status: 'pending',
      },
      { toolCallId: 't', title: 'touch x', kind: 'execute', command: 'touch x', cwd: '/w', paths: ['/w'] },
    ],
    [
      'an argument vector',
      { toolCallId: 't', title: 'run', rawInput: { command: ['bash', '-lc', 'rm -rf x'] } },
      {
        ...{ toolCallId: 't', title: 'run', kind: null, command: 'bash -lc rm -rf x', paths: [] },
        argv: ['bash', '-lc', 'rm -rf x'],
      },
    ],
    [
      'gemini says the command in its title only, which is not believed',
      { toolCallId: 't', title: 'rm -rf x', kind: 'execute', locations: [], content: [{ type: 'content' }] },
      { toolCallId: 't', title: 'rm -rf x', kind: 'execute', command: null, paths: [] },
    ],
    [
      'a patch',
      { toolCallId: 't', title: 'patch', rawInput: { changes: { '/w/a': {}, '/w/b': {} } } },
      { toolCallId: 't', title: 'patch', kind: null, command: null, paths: ['/w/a', '/w/b'] },
    ],
    [
      'nothing at all',
      undefined,
      { toolCallId: null, title: 'something it did not name', kind: null, command: null, paths: [] },
    ],
  ];
  for (const [name, toolCall, expected] of cases) assert.deepEqual(permissionRequestOf({ toolCall }), expected, name);
});

test('what updates said about the tool call fills what the request leaves out', () => {
  const earlier = { title: 'ls', kind: 'execute', rawInput: { command: 'ls' } };
  assert.deepEqual(permissionRequestOf({ toolCall: { toolCallId: 't', title: null } }, earlier), {
    toolCallId: 't',
    title: 'ls',
    kind: 'execute',
    command: 'ls',
    paths: [],
  });
});
