import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { permissionRequestOf } from '../../src/backend/acp/permission-request.ts';
import { judgeRequest, type ToolRequest } from '../../src/guard/request.ts';
import { guardFacts } from '../../src/guard/session-facts.ts';
import { sessionRecord, taskSpec } from '../session/samples.ts';

const facts = { primaryBranch: 'main', taskBranch: 'fix/x', worktree: '/home/lab/work', session: 'x' };
const request = (fields: Partial<ToolRequest>): ToolRequest => ({
  kind: 'execute',
  title: 'x',
  command: null,
  paths: [],
  ...fields,
});

describe('the guard over a request', () => {
  const cases: [string, Partial<ToolRequest>, 'allow' | 'deny'][] = [
    ['a command', { command: 'git push -f origin main' }, 'deny'],
    [
      'an argument vector, which counts instead of the joined text',
      { command: 'bash -c git push -f', argv: ['bash', '-c', 'git push -f'] },
      'deny',
    ],
    ['a command in several lines', { command: 'echo hello\nrm -rf ~' }, 'deny'],
    [
      'one drawn in two lines, where the second may end the first',
      {
        command: 'git push --fo\nrce origin main',
        otherReadings: ['git push --fo rce origin main', 'git push --force origin main'],
      },
      'deny',
    ],
    [
      'one that is harmless however it is read',
      { command: 'echo a\nb', otherReadings: ['echo a b', 'echo ab'] },
      'allow',
    ],
    ['a command in another directory', { command: 'rm -rf x', cwd: '/srv' }, 'deny'],
    ['a title, where there is nothing else', { title: '`git push -f origin main`' }, 'deny'],
    ['a title beside a command proves nothing', { title: 'git push -f origin main', command: 'ls' }, 'allow'],
    ['a title of a tool that runs nothing', { kind: 'edit', title: 'git push -f origin main' }, 'allow'],
    ['a deletion outside', { kind: 'delete', paths: ['/home/lab/other'] }, 'deny'],
    ['a deletion outside, as a URL', { kind: 'delete', paths: ['file:///home/lab/work/%2e%2e/other'] }, 'deny'],
    ['a deletion of who knows what', { kind: 'delete', paths: ['s3://bucket/x'] }, 'deny'],
    ['a deletion of which a part is known', { kind: 'delete', paths: ['b'], isCut: true }, 'deny'],
    ['a command of which a part is known', { command: 'ls', isCut: true }, 'deny'],
    ['words of which a part is known', { argv: ['ls'], isCut: true }, 'deny'],
    ['who knows what', { kind: null, isCut: true }, 'deny'],
    ['an edit of which a part is known', { kind: 'edit', paths: ['b'], isCut: true }, 'allow'],
    ['a deletion inside', { kind: 'delete', paths: ['/home/lab/work/a', 'b'] }, 'allow'],
    ['a read outside is the mode’s business', { kind: 'read', paths: ['/etc/passwd'] }, 'allow'],
  ];
  for (const [what, fields, expected] of cases) {
    it(`${what}: ${expected}`, () => assert.equal(judgeRequest(request(fields), facts).type, expected));
  }

  it('lets pass what real agents asked for, and reads the command where they put it', () => {
    const folder = path.resolve(import.meta.dirname, '../../fixtures/transcripts');
    const lines = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ndjson'))
      .flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split('\n'));
    const params = lines
      .filter((line) => line.includes('"session/request_permission"'))
      .map((line) => (JSON.parse(line) as { msg: { params: unknown } }).msg.params);
    assert.ok(params.length >= 5, `${params.length} requests were found`);
    for (const one of params) {
      const found = permissionRequestOf(one);
      assert.equal(judgeRequest(found, facts).type, 'allow', JSON.stringify(found));
    }
  });
});

describe('the guard’s facts of a session', () => {
  it('protect the branch the pull request goes to, and the usual names', () => {
    const task = sessionRecord({ task: taskSpec({ base: 'trunk', branch: 'fix/x' }), cwd: '/w' });
    assert.deepEqual(guardFacts(task, '/home/me'), {
      primaryBranch: 'trunk',
      alsoProtected: ['main', 'master'],
      taskBranch: 'fix/x',
      worktree: '/w',
      session: 'issue-78',
      home: '/home/me',
    });
    for (const branch of ['trunk', 'main', 'master'])
      assert.equal(
        judgeRequest(request({ command: `git push origin ${branch}` }), guardFacts(task, undefined)).type,
        'deny',
      );
  });

  it('let a session without a task stay on the branch its user is on, and not push it', () => {
    const plain = guardFacts(sessionRecord({ task: null, primaryBranch: 'trunk' }), undefined);
    assert.equal(judgeRequest(request({ command: 'git checkout trunk' }), plain).type, 'allow');
    assert.equal(judgeRequest(request({ command: 'git push origin trunk' }), plain).type, 'deny');
    assert.equal(guardFacts(sessionRecord({ task: null }), undefined).primaryBranch, 'main');
  });
});
