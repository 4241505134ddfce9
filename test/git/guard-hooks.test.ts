import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { withGitSettings } from '../../src/agents/git-settings.ts';
import { guardHookScript, type HookFacts } from '../../src/git/guard-hook-script.ts';
import { writeGuardHooks } from '../../src/git/guard-hooks.ts';

/** A main checkout on `main`, its bare remote, and a worktree on `fix/x` in which an agent's git runs with our hooks. */
class Place {
  readonly root: string;
  readonly main: string;
  readonly worktree: string;
  readonly remote: string;
  readonly hooks: string;
  readonly plain: Record<string, string>;
  env: Record<string, string> = {};

  constructor(t: TestContext) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), "conduxt-ho'oks-")));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.main = path.join(this.root, 'demo');
    this.worktree = path.join(this.root, 'wt');
    this.remote = path.join(this.root, 'remote.git');
    this.hooks = path.join(this.root, 'session', 'git-hooks');
    this.plain = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...{ GIT_AUTHOR_NAME: 'T', GIT_AUTHOR_EMAIL: 't@x', GIT_COMMITTER_NAME: 'T', GIT_COMMITTER_EMAIL: 't@x' },
    };
    mkdirSync(this.main);
    this.person('init', '-q', '-b', 'main');
    writeFileSync(path.join(this.main, 'a.txt'), '1\n');
    this.person('add', '-A');
    this.person('commit', '-qm', 'first');
    execFileSync('git', ['clone', '-q', '--bare', this.main, this.remote], { env: this.plain });
    this.person('remote', 'add', 'origin', this.remote);
    this.person('worktree', 'add', '-q', '-b', 'fix/x', this.worktree);
  }

  async guard(over: Partial<HookFacts> = {}, before: Record<string, string> = {}): Promise<this> {
    writeGuardHooks(this.hooks, {
      protectedBranches: ['main', 'master'],
      protectsLocally: true,
      commonDir: path.join(this.main, '.git'),
      ownHooks: path.join(this.main, '.git', 'hooks'),
      settingsBefore: 0,
      instead: 'Stay on your branch fix/x.',
      nowSeconds: Math.floor(Date.now() / 1000),
      ...over,
    });
    this.env = withGitSettings({ ...this.plain, ...before }, [['core.hooksPath', this.hooks]]);
    return this;
  }

  person(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.main, env: this.plain, encoding: 'utf8' }).trim();
  }

  agent(line: string, cwd = this.worktree): { code: number | null; stderr: string; stdout: string } {
    const { status, stderr, stdout } = spawnSync('sh', ['-c', line], { cwd, env: this.env, encoding: 'utf8' });
    return { code: status, stderr, stdout };
  }

  commit(text = 'more'): { code: number | null; stderr: string } {
    return this.agent(`echo ${text} >> a.txt && git commit -qam ${text}`);
  }

  hook(name: string, body: string, directory = path.join(this.main, '.git', 'hooks')): void {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, name), `#!/bin/sh\n${body}\n`);
    chmodSync(path.join(directory, name), 0o755);
  }

  remoteTip(branch: string): string {
    return spawnSync('git', ['rev-parse', branch], {
      cwd: this.remote,
      env: this.plain,
      encoding: 'utf8',
    }).stdout.trim();
  }
}

describe('the hooks of an agent’s git', () => {
  it('refuse every push that reaches the primary branch, with the reason, and let its own branch pass', async (t) => {
    const place = await new Place(t).guard();
    const before = place.remoteTip('main');
    assert.equal(place.commit().code, 0);
    for (const line of [
      'git push --force origin HEAD:main',
      'git push origin +HEAD:refs/heads/main',
      'git push origin :main',
      'x=main; sh -c "git push -f origin HEAD:$x"',
      'git config alias.p "push -f origin HEAD:main" && git p',
      'printf "git push -f origin HEAD:main" > s.sh && sh s.sh',
      'git -C ../demo push -f origin HEAD~0:main && git -C ../demo push -f origin fix/x:main',
      `git clone -q ../remote.git ../clone 2>&1 && cd ../clone && git remote set-url origin "$HOME/remote.git" && git commit -q --allow-empty -m x && git push origin main`,
    ]) {
      const { code, stderr } = place.agent(line);
      assert.notEqual(code, 0, line);
      assert.match(
        stderr,
        /The guard of conduxt refused this: a push to the primary branch \(main\)\. Stay on your branch fix\/x\./,
        line,
      );
      assert.equal(place.remoteTip('main'), before, line);
    }
    assert.equal(place.agent('git push -q -u origin fix/x').code, 0);
    assert.equal(place.remoteTip('fix/x'), place.agent('git rev-parse HEAD').stdout.trim());
  });

  it('refuse to move the primary branch here, and leave fetching and other repositories alone', async (t) => {
    const place = await new Place(t).guard();
    const tip = place.person('rev-parse', 'main');
    assert.equal(place.commit().code, 0);
    for (const line of [
      'git branch -f master HEAD',
      'git update-ref refs/heads/main HEAD',
      'git -C ../demo commit -q --allow-empty -m x',
      'git -C ../demo reset -q --hard fix/x',
      'git fetch -q . HEAD:master',
    ]) {
      const { code, stderr } = place.agent(line);
      assert.notEqual(code, 0, line);
      assert.match(stderr, /refused this: changing the primary branch/, line);
      assert.equal(place.person('rev-parse', 'main'), tip, line);
    }
    for (const line of ['git fetch -q origin', 'git gc -q', 'git rebase -q origin/main', 'git pack-refs --all'])
      assert.deepEqual(place.agent(line), { code: 0, stderr: '', stdout: '' }, line);
    const scratch =
      'git init -q -b main ../s && cd ../s && git commit -q --allow-empty -m x && git init -q --bare ../s.git && git push -q ../s.git main';
    assert.deepEqual(place.agent(scratch), { code: 0, stderr: '', stdout: '' });
  });

  it('let a session without a task commit where its user is', async (t) => {
    const place = await new Place(t).guard({ protectsLocally: false });
    assert.equal(place.agent('git commit -q --allow-empty -m x', place.main).code, 0);
    assert.notEqual(place.agent('git push -q origin main', place.main).code, 0);
  });

  it('do not touch the repository, its configuration or a person’s git', async (t) => {
    const place = new Place(t);
    const config = readFileSync(path.join(place.main, '.git', 'config'), 'utf8');
    await place.guard();
    place.commit();
    assert.equal(readFileSync(path.join(place.main, '.git', 'config'), 'utf8'), config);
    place.person('commit', '-q', '--allow-empty', '-m', 'mine');
    place.person('push', '-q', 'origin', 'main');
    assert.equal(place.remoteTip('main'), place.person('rev-parse', 'main'));
    assert.equal(statSync(place.hooks).mode & 0o777, 0o700);
  });

  it('hand on to the repository’s own hooks: arguments, standard input, environment and exit code', async (t) => {
    const place = new Place(t);
    const log = path.join(place.root, 'log');
    const note = `{ echo "$(basename "$0") $#:$*"; } >> "$HOME/log"`;
    place.hook('commit-msg', `${note}; grep -q forbidden "$1" && { echo no such word >&2; exit 7; }; exit 0`);
    place.hook('pre-commit', `${note}; test -n "$GIT_INDEX_FILE"`);
    place.hook('pre-push', `${note}; cat >> "$HOME/log"; test ! -e "$HOME/closed"`);
    place.hook('reference-transaction', `${note}; cat >> "$HOME/refs"`);
    await place.guard();
    assert.equal(place.commit('fine').code, 0);
    const refused = place.commit('forbidden');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /no such word/);
    assert.equal(place.agent('git checkout -q -- . && git push -q origin fix/x').code, 0);
    const lines = readFileSync(log, 'utf8');
    assert.match(lines, /^pre-commit 0:$/m);
    assert.match(lines, /^commit-msg 1:.*COMMIT_EDITMSG$/m);
    const head = place.agent('git rev-parse HEAD').stdout.trim();
    assert.match(lines, /^pre-push 2:origin .*remote\.git$/m);
    assert.ok(lines.includes(`refs/heads/fix/x ${head} refs/heads/fix/x ${'0'.repeat(40)}\n`), lines);
    assert.match(lines, /^reference-transaction 1:prepared$/m);
    assert.match(lines, /^reference-transaction 1:committed$/m);
    assert.ok(readFileSync(path.join(place.root, 'refs'), 'utf8').includes(`${head} refs/heads/fix/x\n`));
    writeFileSync(path.join(place.root, 'closed'), '');
    place.commit('later');
    assert.notEqual(place.agent('git push -q origin fix/x').code, 0, 'the own hook said no');
  });

  it('follow core.hooksPath of the repository, also when it is set while the agent works', async (t) => {
    const place = await new Place(t).guard();
    place.hook('pre-commit', 'echo old >> "$HOME/log"');
    assert.equal(place.commit().code, 0);
    place.hook('pre-commit', 'echo relative >> "$HOME/log"', path.join(place.worktree, '.husky'));
    place.person('config', 'core.hooksPath', '.husky');
    assert.equal(place.commit().code, 0);
    place.hook('pre-commit', 'echo absolute >> "$HOME/log"', path.join(place.root, 'elsewhere'));
    place.person('config', 'core.hooksPath', path.join(place.root, 'elsewhere'));
    assert.equal(place.commit().code, 0);
    assert.equal(readFileSync(path.join(place.root, 'log'), 'utf8'), 'old\nrelative\nabsolute\n');
  });

  it('skip an own hook that is not executable, as git does', async (t) => {
    const place = await new Place(t).guard();
    place.hook('pre-commit', 'exit 1');
    chmodSync(path.join(place.main, '.git', 'hooks', 'pre-commit'), 0o644);
    assert.equal(place.commit().code, 0);
  });

  it('never stand in the way of a commit: gone, replaced, or pointed at by the repository itself', async (t) => {
    const place = await new Place(t).guard();
    place.person('config', 'core.hooksPath', place.hooks);
    assert.equal(place.commit().code, 0, 'no hook that calls itself');
    writeFileSync(path.join(place.hooks, 'pre-commit'), '#!/bin/sh\nexit 0\n');
    assert.equal(place.commit().code, 0);
    rmSync(place.hooks, { recursive: true });
    assert.equal(place.commit().code, 0);
    assert.equal(existsSync(place.hooks), false);
  });

  it('are added to settings that the environment holds already', async (t) => {
    const earlier = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: 'Somebody' };
    const place = await new Place(t).guard({ settingsBefore: 1 }, earlier);
    place.hook('pre-commit', 'git config user.name > "$HOME/name"');
    assert.equal(place.commit().code, 0);
    assert.equal(readFileSync(path.join(place.root, 'name'), 'utf8'), 'Somebody\n');
    assert.notEqual(place.agent('git push origin HEAD:main').code, 0);
  });

  it('take names and sentences for what they are, whatever is in them', (t) => {
    const place = new Place(t);
    const nasty = "a'; touch $HOME/owned; echo '$(touch $HOME/owned)`touch $HOME/owned`";
    const script = guardHookScript({
      protectedBranches: [nasty],
      protectsLocally: true,
      commonDir: nasty,
      ownHooks: nasty,
      settingsBefore: 0,
      instead: nasty,
      nowSeconds: 0,
    });
    const input = `x 1 refs/heads/${nasty} 0\n`;
    for (const name of ['pre-push', 'reference-transaction', 'pre-commit']) {
      const file = path.join(place.root, name);
      writeFileSync(file, script, { mode: 0o700 });
      spawnSync(file, ['prepared', nasty], { cwd: place.root, env: place.plain, input });
    }
    assert.equal(existsSync(path.join(place.root, 'owned')), false);
  });

  it('leave a commit what it was, at a cost that is told', async (t) => {
    const place = new Place(t);
    const time = (env: Record<string, string>): number => {
      const times = Array.from({ length: 12 }, () => {
        const started = performance.now();
        execFileSync('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { cwd: place.worktree, env });
        return performance.now() - started;
      });
      return times.toSorted((a, b) => a - b)[3] ?? 0;
    };
    const without = time(place.plain);
    await place.guard();
    const withHooks = time(place.env);
    t.diagnostic(`git commit: ${without.toFixed(1)} ms without, ${withHooks.toFixed(1)} ms with the hooks`);
    const log = execFileSync('git', ['log', '--format=%s', '-24'], {
      cwd: place.worktree,
      env: place.plain,
      encoding: 'utf8',
    });
    assert.equal(log, 'x\n'.repeat(24));
  });
});
