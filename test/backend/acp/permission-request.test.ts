import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permissionRequestOf } from '../../../src/backend/acp/permission-request.ts';
import { judgeRequest } from '../../../src/guard/request.ts';
import { decidePermission } from '../../../src/permission/policy.ts';
import type { PermissionMode } from '../../../src/session/words.ts';

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

const WORKTREE = '/home/u/trees/fix';
const guard = { worktree: WORKTREE, home: '/home/u', primaryBranch: 'main', taskBranch: 'fix/x', session: 'x' };

function judged(mode: PermissionMode, kind: string, rawInput: object): string {
  const request = permissionRequestOf({ toolCall: { toolCallId: 't', title: 'Look', kind, rawInput } });
  return decidePermission({ mode, request, worktree: WORKTREE, guard: (asked) => judgeRequest(asked, guard) }).type;
}
const nested = (value: unknown, depth: number): unknown => {
  let whole = value;
  for (let level = 0; level < depth; level += 1) whole = { a: whole };
  return whole;
};

test('a request is judged by all of its paths, however many there are, how deep and how long', () => {
  const inside = Array.from({ length: 5_000 }, (_, index) => `src/file-${index}.ts`);
  const key = '/home/u/.ssh/id_rsa';
  const long = `/${'x/../'.repeat(2_000)}${key.slice(1)}`;
  assert.equal(judged('approve-reads', 'read', { paths: inside }), 'allow');
  assert.equal(judged('approve-reads', 'read', { paths: [...inside, key] }), 'reject');
  assert.equal(judged('approve-all', 'delete', { paths: inside }), 'allow');
  assert.equal(judged('approve-all', 'delete', { paths: [...inside, '/home/u/photos'] }), 'reject');
  assert.equal(judged('approve-reads', 'read', { path: 'src/a', target: long }), 'reject');
  for (const depth of [4, 5, 100_000]) {
    assert.equal(judged('approve-reads', 'search', { path: 'src', o: nested(key, depth) }), 'reject');
    assert.equal(judged('approve-reads', 'search', { path: 'src', o: nested('src/a', depth) }), 'allow');
  }
  assert.equal(judged('approve-reads', 'read', { path: 'a', o: { command: key } }), 'reject', 'no command that is run');
  assert.equal(judged('approve-reads', 'read', { path: 'a', files: { [key]: true } }), 'reject', 'as a name');
});

test('a pattern of file names is judged by each of its alternatives', () => {
  const outside = [
    '/home/u/.ssh/*',
    '../../*',
    '{/home/u/.ssh,src}/*',
    '{..,a}/{..,b}/*',
    'src/@(a|..)/../x',
    '\\/etc/*',
  ];
  for (const pattern of outside) assert.equal(judged('approve-reads', 'search', { pattern }), 'reject', pattern);
  for (const pattern of ['**/*.{ts,tsx}', 'src/{a,b}/*', 'a..b', '[.]env'])
    assert.equal(judged('approve-reads', 'search', { pattern }), 'allow', pattern);
});

test('what an edit writes is no path', () => {
  const rawInput = { file_path: 'src/a.ts', content: "// see\nimport a from '../../a.ts';" };
  assert.deepEqual(permissionRequestOf({ toolCall: { kind: 'edit', rawInput } }).paths, ['src/a.ts']);
});
