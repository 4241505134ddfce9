import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const root = mkdtempSync(path.join(tmpdir(), 'conduxt-package-'));
const home = path.join(root, 'home');
const prefix = path.join(root, 'prefix');
const program = path.join(prefix, 'bin/conduxt');

/** Only what a user's shell has: no variable of ours or of npm, and this Node first on the PATH. */
const env: NodeJS.ProcessEnv = {
  PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: home,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A User',
  GIT_AUTHOR_EMAIL: 'user@example.invalid',
  GIT_COMMITTER_NAME: 'A User',
  GIT_COMMITTER_EMAIL: 'user@example.invalid',
};

/** A Node on this machine that is older than conduxt needs. */
function oldNode(): string | null {
  for (const directory of ['/usr/local/bin', '/usr/bin']) {
    const node = path.join(directory, 'node');
    if (!existsSync(node)) continue;
    const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
      .slice(1)
      .split('.')
      .map(Number);
    if (major < 22 || (major === 22 && minor < 13)) return node;
  }
  return null;
}

after(() => rmSync(root, { recursive: true, force: true }));

describe('the packed program', () => {
  before(() => {
    mkdirSync(home, { recursive: true });
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], {
      cwd: PROJECT,
      encoding: 'utf8',
    });
    const tarball = path.join(root, packed.trim().split('\n').at(-1) ?? '');
    execFileSync(
      'npm',
      ['install', '--global', '--offline', '--no-audit', '--no-fund', '--silent', '--prefix', prefix, tarball],
      { cwd: root, env: { ...env, npm_config_cache: path.join(root, 'cache') } },
    );
  });

  it('brings what it needs: programs, licences of what is bundled, the skill and the change log, and no dependency', () => {
    const installed = path.join(prefix, 'lib/node_modules/conduxt');
    for (const file of [
      'LICENSE',
      'README.md',
      'SKILL.md',
      'CHANGELOG.md',
      'dist/conduxt.js',
      'dist/host.cjs',
      'dist/rehearsal-agent.js',
      'dist/THIRD-PARTY-LICENSES.txt',
      'scripts/launch.sh',
    ]) {
      assert.ok(existsSync(path.join(installed, file)), file);
    }
    const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    assert.equal(manifest.dependencies, undefined);
    for (const folder of ['src', 'test', 'fixtures', 'node_modules'])
      assert.equal(existsSync(path.join(installed, folder)), false, folder);
    assert.deepEqual(
      readdirSync(path.join(installed, 'scripts')).filter((name) => !name.endsWith('.sh')),
      [],
    );
    assert.ok((statSync(path.join(installed, 'dist/conduxt.js')).mode & 0o111) !== 0, 'the program may be executed');
    assert.match(readFileSync(path.join(installed, 'dist/conduxt.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  it('is ASCII in every program: V8 keeps a file with one wider character in twice the memory', () => {
    const dist = path.join(prefix, 'lib/node_modules/conduxt/dist');
    const wide = readdirSync(dist).filter(
      (name) => /\.c?js$/.test(name) && /[^\0-\x7f]/.test(readFileSync(path.join(dist, name), 'utf8')),
    );
    assert.deepEqual(wide, []);
  });

  it('says its version', () => {
    const manifest = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    assert.equal(execFileSync(program, ['--version'], { env, encoding: 'utf8' }).trim(), manifest.version);
  });

  it('rehearses in a repository of the user and leaves it as it was', () => {
    const repository = path.join(root, 'mine');
    mkdirSync(repository);
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: repository, env, encoding: 'utf8' }).trim();
    git('init', '-q', '-b', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'First');
    const before = [git('rev-parse', 'HEAD'), git('status', '--porcelain')];
    const result = spawnSync(program, ['rehearse'], { cwd: repository, env, encoding: 'utf8', timeout: 60_000 });
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
    assert.deepEqual([git('rev-parse', 'HEAD'), git('status', '--porcelain')], before);
    assert.equal(git('worktree', 'list').split('\n').length, 1, 'its worktree is gone');
  });

  it('says one sentence and exits 2 under a Node that is too old', (t) => {
    const node = oldNode();
    if (node === null) {
      t.skip('there is no older Node on this machine');
      return;
    }
    const script = path.join(prefix, 'lib/node_modules/conduxt/dist/conduxt.js');
    const result = spawnSync(node, [script, 'status'], { env, encoding: 'utf8' });
    assert.equal(result.status, 2);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /22\.13/);
    assert.equal(result.stderr.trim().split('\n').length, 1);
  });
});
