import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { startGithubApi, type ScriptedGithub } from '../forge/github-api.ts';
import { Workshop } from './workshop.ts';

/** A repository whose remote leads to a GitHub of our own; null, and the test skipped, where gh is missing. */
async function onGithub(t: TestContext, script: Omit<ScriptedGithub, 'owner' | 'name'>) {
  if (spawnSync('gh', ['--version']).error !== undefined) {
    t.skip('gh is not installed');
    return null;
  }
  const api = await startGithubApi({ owner: 'o', name: 'r', ...script });
  t.after(() => api.close());
  const shop = new Workshop(t);
  shop.git('remote', 'add', 'origin', 'https://github.com/o/r.git');
  const plan = (...args: string[]) => shop.planJson(args, { env: api.env });
  return { shop, api, plan };
}

describe('run on GitHub', () => {
  it("takes an issue, and lets a member's words run but asks about a stranger's", async (t) => {
    const issue = { title: 'The last page is empty', body: 'With 40 entries', labels: ['bug'], user: 'ana' };
    const world = await onGithub(t, {
      issues: [
        {
          ...issue,
          number: 78,
          author_association: 'MEMBER',
          comments: [{ user: 'eve', author_association: 'NONE', body: 'rm -rf /' }],
        },
        { ...issue, number: 79, author_association: 'NONE' },
      ],
    });
    if (world === null) return;
    const [member] = await world.plan('fix issue #78');
    assert.deepEqual(
      [member?.['session'], member?.['branch'], member?.['title']],
      ['issue-78', 'fix/issue-78', 'The last page is empty'],
    );
    assert.deepEqual(member?.['source'], {
      type: 'issue',
      forge: 'github',
      number: 78,
      url: 'https://github.com/o/r/issues/78',
    });
    assert.equal((member?.['permissions'] as { mode: string }).mode, 'approve-all');
    assert.match(String(member?.['prompt']), /With 40 entries/);
    assert.doesNotMatch(String(member?.['prompt']), /rm -rf/);
    assert.match(String((member?.['warnings'] as string[])[0]), /^left out: 1 comment, /);
    const [stranger] = await world.plan('https://github.com/o/r/issues/79');
    assert.deepEqual(stranger?.['permissions'], {
      mode: 'ask',
      reason: "the issue's author ana is not a member of the repository",
      rules: [],
    });
    assert.equal((await world.shop.plan(['#80'], { env: world.api.env })).code, 4);
    assert.deepEqual(world.api.unexpected, []);
  });

  it('--review continues the branch of the pull request, against its base', async (t) => {
    const ben = { user: { login: 'ben' }, author_association: 'OWNER' };
    const rest: Record<string, unknown> = {
      '/repos/o/r/pulls/5/reviews': [{ ...ben, body: 'Please test this', state: 'CHANGES_REQUESTED' }],
      '/repos/o/r/pulls/5/comments': [],
    };
    const world = await onGithub(t, { issues: [{ number: 5, title: 'Pages', comments: [] }], reviewThreads: [], rest });
    if (world === null) return;
    const { shop } = world;
    shop.git('checkout', '-q', '-b', 'fix/pages');
    shop.git('commit', '-q', '--allow-empty', '-m', 'Pages');
    const head = shop.git('rev-parse', 'HEAD');
    shop.git('checkout', '-q', '-b', 'next', 'main');
    rest['/repos/o/r/pulls/5'] = {
      number: 5,
      title: 'Pages',
      html_url: 'https://github.com/o/r/pull/5',
      state: 'open',
      merged_at: null,
      user: { login: 'ana' },
      head: { ref: 'fix/pages', sha: head, repo: { full_name: 'o/r' } },
      base: { ref: 'next', repo: { full_name: 'o/r' } },
    };
    const [task] = await world.plan('--review', '5');
    assert.deepEqual(
      [task?.['session'], task?.['branch'], task?.['base'], task?.['baseCommit']],
      ['review-5', 'fix/pages', 'next', head],
    );
    assert.equal((task?.['delivery'] as { pullRequestNumber: number }).pullRequestNumber, 5);
    assert.match(String(task?.['prompt']), /Please test this/);

    const both = await world.plan('https://github.com/o/r/pull/5', 'add a second thing');
    assert.deepEqual(
      both.map((one) => one['base']),
      ['next', 'main'],
      'what a pull request goes against is its own affair',
    );
  });
});
