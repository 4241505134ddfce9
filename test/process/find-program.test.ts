import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findProgram, withTrustedPath } from '../../src/process/find-program.ts';
import { run } from '../../src/process/run.ts';

interface Place {
  readonly root: string;
  /** The user's own programs. */
  readonly own: string;
  readonly main: string;
  readonly worktree: string;
}

/** A user's `git`, and planted ones in a repository and in its worktree. */
function place(t: TestContext): Place {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-path-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [own, main, worktree] = ['own', 'main', 'worktrees/task'].map((name) => path.join(root, name));
  assert.ok(own !== undefined && main !== undefined && worktree !== undefined);
  mkdirSync(path.join(root, 'home'));
  execFileSync('/usr/bin/env', ['git', 'init', '-q', '-b', 'main', main]);
  const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.invalid'];
  execFileSync('git', [...author, 'commit', '-q', '--allow-empty', '-m', 'First'], { cwd: main });
  execFileSync('git', ['worktree', 'add', '-q', worktree], { cwd: main });
  for (const directory of [own, main, path.join(main, 'bin'), worktree, path.join(worktree, 'bin')]) {
    mkdirSync(directory, { recursive: true });
    const file = path.join(directory, 'git');
    writeFileSync(file, `#!/bin/sh\necho ${directory === own ? 'own' : 'planted'}\n`);
    chmodSync(file, 0o755);
  }
  symlinkSync(path.join(worktree, 'bin'), path.join(root, 'link'));
  mkdirSync(path.join(root, 'links'));
  symlinkSync(path.join(main, 'bin/git'), path.join(root, 'links/git'));
  return { root, own, main, worktree };
}

const HOSTILE: readonly ((place: Place) => string)[] = [
  () => '.',
  () => '',
  () => 'bin',
  () => '../main/bin',
  ({ worktree }) => worktree,
  ({ worktree }) => `${worktree}/bin/`,
  ({ main }) => main,
  ({ main }) => `${main}/bin`,
  ({ root }) => `${root}/own/../main/bin`,
  ({ root }) => `${root}/link`,
  ({ root }) => `${root}/links`,
  ({ main }) => `${main}/.git`,
];

describe('a program that conduxt starts by its name', () => {
  it('is never one that was planted in the repository, whatever the PATH has first', async (t) => {
    const at = place(t);
    for (const entry of HOSTILE)
      for (const cwd of [at.worktree, at.main, path.join(at.worktree, 'bin')]) {
        const env = { HOME: path.join(at.root, 'home'), PATH: `${entry(at)}:${at.own}:/usr/bin:/bin` };
        const { stdout } = await run('git', [], { cwd, env });
        assert.equal(stdout, 'own\n', `${entry(at)} in ${cwd}`);
      }
  });

  it('gives what it starts a PATH without the repository, too', async (t) => {
    const at = place(t);
    const PATH = [...HOSTILE.map((entry) => entry(at)), at.own, '/usr/bin', '/bin'].join(':');
    const env = { HOME: path.join(at.root, 'home'), PATH };
    // Only the link to one program is not seen from here; it is not followed by conduxt itself.
    const wanted = [path.join(at.root, 'links'), at.own, '/usr/bin', '/bin'].join(':');
    assert.equal((await run('/bin/sh', ['-c', 'echo "$PATH"'], { cwd: at.worktree, env })).stdout.trim(), wanted);
    assert.equal(withTrustedPath(env, at.worktree).PATH, wanted);
  });

  it('is not there when only a planted one is', async (t) => {
    const at = place(t);
    const env = { HOME: path.join(at.root, 'home'), PATH: `.:${at.worktree}` };
    assert.equal(findProgram('git', env, at.worktree), null);
    assert.equal((await run('git', [], { cwd: at.worktree, env })).startError, 'ENOENT');
  });

  it('is looked for behind a directory of the PATH that nobody may search', (t) => {
    const at = place(t);
    const closed = path.join(at.root, 'closed');
    mkdirSync(path.join(closed, 'bin'), { recursive: true });
    const look = `
      import { findProgram } from ${JSON.stringify(path.resolve('src/process/find-program.ts'))};
      console.log(findProgram('git', { PATH: '${closed}/bin:${at.own}' }, '/')?.program);`;
    chmodSync(closed, 0);
    chmodSync(at.root, 0o755);
    const ids = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', look], {
      encoding: 'utf8',
      ...ids,
    });
    chmodSync(closed, 0o700);
    assert.equal(stdout.trim(), path.join(at.own, 'git'), stderr);
  });

  it('may lie where conduxt is called, when that is no repository', (t) => {
    const at = place(t);
    mkdirSync(path.join(at.root, '.git'));
    assert.equal(findProgram('git', { PATH: at.own }, at.own)?.program, path.join(at.own, 'git'));
  });

  it('may lie in a repository that holds the whole home', (t) => {
    const at = place(t);
    const bin = path.join(at.main, 'bin');
    assert.equal(
      findProgram('git', { HOME: path.join(at.main, 'home'), PATH: bin }, at.main)?.program,
      path.join(bin, 'git'),
    );
    assert.ok(existsSync(bin));
  });
});
