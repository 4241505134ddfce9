import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { startGithubApi } from '../forge/github-api.ts';
import { Machine } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

/** Makes `git@github.com:o/r.git` lead to the machine's bare repository: git's own protocol through a stand-in for ssh. */
function leadToGithub(machine: Machine): void {
  const server = machine.file('server');
  mkdirSync(path.join(server, 'o'), { recursive: true });
  renameSync(machine.remote, path.join(server, 'o/r.git'));
  const ssh = machine.file('ssh');
  // The last argument is the command for the other side: git-upload-pack 'o/r.git'.
  writeFileSync(ssh, `#!/bin/sh\nfor last; do :; done\ncd '${server}' && exec sh -c "$last"\n`);
  chmodSync(ssh, 0o755);
  machine.env['GIT_SSH_COMMAND'] = ssh;
  machine.env['GIT_SSH_VARIANT'] = 'ssh';
  machine.git('remote', 'set-url', 'origin', 'git@github.com:o/r.git');
}

describe('conduxt run on GitHub', () => {
  it('takes issue 78 from the API to a pushed branch and one pull request, through the real gh', async (t) => {
    if (spawnSync('gh', ['--version']).error !== undefined) {
      t.skip('gh is not installed');
      return;
    }
    const machine = new Machine(t);
    const issue = { number: 78, title: 'The sum is wrong', body: 'It must be 4.', labels: ['bug'], user: 'ana' };
    const api = await startGithubApi({ owner: 'o', name: 'r', issues: [{ ...issue, author_association: 'OWNER' }] });
    t.after(() => api.close());
    Object.assign(machine.env, api.env);
    leadToGithub(machine);
    machine.agent({ prompts: [{ match: 'It must be 4', steps: [fix, done] }] });
    const result = await machine.ok('run', 'fix issue #78', '--verify', 'sh test.sh');
    assert.equal(api.created.length, 1);
    const [pull] = api.created;
    assert.match(JSON.stringify(pull), /fix: The sum is wrong/);
    assert.match(JSON.stringify(pull), /Fixes #78/);
    assert.match(JSON.stringify(pull), /1 passed, 0 failed/);
    assert.match(result.stdout, /github\.com\/o\/r\/pull\/\d+/);
    const pushed = execFileSync('git', ['rev-parse', 'fix/issue-78'], {
      cwd: machine.file('server/o/r.git'),
      encoding: 'utf8',
    });
    assert.equal(pushed.trim(), machine.git('rev-parse', 'fix/issue-78'));
    await machine.ok('pr', 'issue-78');
    assert.equal(api.created.length, 1, 'asked for again, it is found and not opened twice');
    assert.deepEqual(api.unexpected, []);
  });
});
