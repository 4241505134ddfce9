import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { detectForge, openForge } from '../../src/forge/choose.ts';
import { parseGithubUrl } from '../../src/forge/remote-url.ts';
import { commitFile, makeProject, scratch } from '../git/scratch.ts';

const remote = (name: string, url: string) => ({ name, url, pushUrl: url });

test('addresses of GitHub are told from all others', () => {
  const r = { host: 'github.com', owner: 'o', name: 'r' };
  for (const url of [
    'https://github.com/o/r.git',
    'https://github.com/o/r',
    'https://GitHub.com/o/r/',
    'http://www.github.com/o/r.git',
    'git@github.com:o/r.git',
    'github.com:o/r',
    'ssh://git@github.com/o/r.git',
    'ssh://git@ssh.github.com:443/o/r.git',
    'git://github.com/o/r.git',
  ]) {
    assert.deepEqual(parseGithubUrl(url), r, url);
  }
  for (const url of [
    'https://github.com.evil.test/o/r',
    'https://gitlab.com/o/r.git',
    '/srv/github.com/o/r.git',
    '../github.com:o/r',
    'https://github.com/o',
    'https://github.com/o/r/tree/main',
    'https://github.com/o/..',
    'file:///github.com/o/r',
    'ext::sh -c github.com:o/r',
    '',
  ]) {
    assert.equal(parseGithubUrl(url), null, url);
  }
  assert.deepEqual(parseGithubUrl('git@git.corp.test:o/r.git', ['git.corp.test']), { ...r, host: 'git.corp.test' });
});

test('GitHub is chosen when a remote leads there, else files, with origin to push to', () => {
  const github = { forge: 'github', remote: 'origin', repository: { host: 'github.com', owner: 'o', name: 'r' } };
  assert.deepEqual(detectForge([remote('origin', 'git@github.com:o/r.git')]), github);
  assert.deepEqual(
    detectForge([remote('a', 'https://github.com/x/y'), remote('origin', 'git@github.com:o/r.git')]),
    github,
  );
  // A public mirror is no place for what is meant for the origin.
  const mirrored = detectForge([remote('origin', '/srv/r.git'), remote('up', 'https://github.com/x/y')]);
  assert.deepEqual([mirrored.forge, mirrored.remote], ['local', 'origin']);
  assert.equal(detectForge([remote('up', 'https://github.com/o/r')]).remote, 'up');
  assert.deepEqual(detectForge([remote('origin', '/srv/r.git')]), {
    forge: 'local',
    remote: 'origin',
    repository: null,
  });
  assert.deepEqual(detectForge([remote('backup', '/srv/r.git')]), { forge: 'local', remote: null, repository: null });
  assert.deepEqual(detectForge([]), { forge: 'local', remote: null, repository: null });
  assert.equal(detectForge([remote('origin', 'https://git.corp.test/o/r')], 'git.corp.test').forge, 'github');
});

test('the local forge of a repository records the commit of the branch', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'checkout', '-q', '-b', 'fix/x');
  const commit = commitFile(s, root, 'a', 'a', 'A');
  const pullRequestsDir = join(s.dir, 'prs');
  mkdirSync(pullRequestsDir);
  const forge = openForge({ name: 'local', root, remote: null, env: s.env, pullRequestsDir });
  await forge.createPullRequest({ title: 't', body: 'b', head: 'fix/x', base: 'main', draft: false });
  const { readFileSync } = await import('node:fs');
  assert.ok(readFileSync(join(pullRequestsDir, 'fix-x.md'), 'utf8').includes(`commit: ${commit}`));
});

test('a GitHub forge whose remote no longer leads to GitHub says so when it is used', async (t) => {
  const s = scratch(t);
  const root = makeProject(s);
  s.git(root, 'remote', 'add', 'origin', '/srv/r.git');
  const forge = openForge({ name: 'github', root, remote: 'origin', env: s.env, pullRequestsDir: s.dir });
  await assert.rejects(forge.getIssue(1), { code: 'not-on-github', exitCode: 2 });
});
