import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PermissionRequest } from '../../src/backend/backend.ts';
import type { Verdict } from '../../src/guard/facts.ts';
import { decidePermission, type PermissionDecision } from '../../src/permission/policy.ts';
import { permissionModes, type PermissionMode } from '../../src/session/words.ts';

const WORKTREE = '/work/trees/repo/issue-78';
const request = (fields: Partial<PermissionRequest>): PermissionRequest => ({
  toolCallId: 't1',
  title: 'Read a file',
  kind: 'read',
  command: null,
  paths: [],
  ...fields,
});
const PASS = { type: 'allow', unseen: [] } as const;
const decide = (mode: PermissionMode, fields: Partial<PermissionRequest>): PermissionDecision =>
  decidePermission({ mode, request: request(fields), worktree: WORKTREE, guard: () => PASS });

describe('decidePermission under approve-reads', () => {
  const cases: [string, Partial<PermissionRequest>, 'allow' | 'reject'][] = [
    ['a file of the worktree, absolute', { paths: [`${WORKTREE}/src/a.ts`] }, 'allow'],
    ['a file of the worktree, relative', { paths: ['src/a.ts'] }, 'allow'],
    ['a file of the worktree, as a URL', { paths: [`file://${WORKTREE}/src/a%20b.ts`] }, 'allow'],
    ['the worktree itself', { kind: 'search', paths: [WORKTREE] }, 'allow'],
    ['a name that only begins with two dots', { paths: ['..config/a'] }, 'allow'],
    ['a search without a path', { kind: 'search' }, 'allow'],
    ['thinking', { kind: 'think' }, 'allow'],
    ['a read without a path', {}, 'reject'],
    ['a file beside the worktree', { paths: [`${WORKTREE}-2/a.ts`] }, 'reject'],
    ['a read of more than is known', { paths: ['a.ts'], isCut: true }, 'reject'],
    ['a path that climbs out', { paths: ['src/../../other/a.ts'] }, 'reject'],
    ['one path outside among others', { paths: ['a.ts', '/etc/passwd'] }, 'reject'],
    ['a home directory', { paths: ['~/.ssh/id_rsa'] }, 'reject'],
    ['another scheme', { paths: ['https://example.org/a'] }, 'reject'],
    ['a URL with a host', { paths: [`file://host${WORKTREE}/a`] }, 'reject'],
    ['a path with a NUL', { paths: ['a\0b'] }, 'reject'],
    ['a "read" that runs a command', { command: 'cat a.ts', paths: ['a.ts'] }, 'reject'],
    ['a fetch, which can carry data out', { kind: 'fetch' }, 'reject'],
    ['an edit', { kind: 'edit', paths: ['a.ts'] }, 'reject'],
    ['a command', { kind: 'execute', command: 'ls' }, 'reject'],
    ['a deletion', { kind: 'delete', paths: ['a.ts'] }, 'reject'],
    ['a change of mode', { kind: 'switch_mode' }, 'reject'],
    ['a kind of the future', { kind: 'teleport' }, 'reject'],
    ['no kind at all, whatever the title says', { kind: null, title: 'Read README.md' }, 'reject'],
  ];
  for (const [what, fields, expected] of cases) {
    it(`${expected}s ${what}`, () => {
      const decision = decide('approve-reads', fields);
      assert.equal(decision.type, expected);
      assert.ok(decision.reason.length > 0);
    });
  }

  it('names the path it objects to', () =>
    assert.match(decide('approve-reads', { paths: ['/etc/passwd'] }).reason, /\/etc\/passwd is outside/));

  it('never asks and never allows what is not a read', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), fc.array(fc.string()), (kind, command, paths) => {
        const decision = decide('approve-reads', { kind, command, paths });
        if (decision.type === 'allow') assert.ok(['read', 'search', 'think'].includes(kind) && command === null);
        assert.notEqual(decision.type, 'ask');
      }),
    );
  });
});

describe('decidePermission under the other modes', () => {
  const anything: Partial<PermissionRequest>[] = [
    { kind: 'read', paths: ['a'] },
    { kind: 'execute', command: 'rm -rf /' },
    { kind: null },
  ];
  const expected = { 'approve-all': 'allow', 'deny-all': 'reject', ask: 'ask' } as const;
  for (const [mode, type] of Object.entries(expected) as [keyof typeof expected, string][]) {
    it(`${mode}: always ${type}`, () => {
      for (const fields of anything) assert.equal(decide(mode, fields).type, type);
    });
  }

  it('lets the guard overrule every mode', () => {
    for (const mode of permissionModes) {
      const guard = (asked: PermissionRequest): Verdict =>
        asked.command === 'git push' ? { type: 'deny', rule: 'primary-push', reason: 'no pushing' } : PASS;
      const facts = { mode, worktree: WORKTREE, guard };
      assert.deepEqual(decidePermission({ ...facts, request: request({ kind: 'execute', command: 'git push' }) }), {
        type: 'reject',
        reason: 'no pushing',
        by: 'guard',
        rule: 'primary-push',
        unseen: [],
      });
      assert.notEqual(decidePermission({ ...facts, request: request({ paths: ['a'] }) }).reason, 'no pushing');
    }
  });
});
