import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openRepository, type Repository } from '../../src/git/repository.ts';

/** A private directory with a clean git environment; removed when the test ends. */
export interface Scratch {
  readonly dir: string;
  readonly env: Record<string, string>;
  /** Runs plain git (not through our code) and returns its output without the last line end. */
  git(cwd: string, ...args: string[]): string;
  /** @returns the absolute path. */
  write(path: string, content: string): string;
}

export function scratch(t: TestContext): Scratch {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'conduxt-git-')));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  mkdirSync(join(dir, 'home'));
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: join(dir, 'home'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.org',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.org',
  };
  return {
    dir,
    env,
    git: (cwd, ...args) =>
      execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replace(/\n$/, ''),
    write: (path, content) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
      return join(dir, path);
    },
  };
}

/** A repository `project` on `main` with one commit of a few files. */
export function makeProject(s: Scratch, name = 'project'): string {
  const root = join(s.dir, name);
  s.git(s.dir, 'init', '-q', '-b', 'main', root);
  s.write(`${name}/README.md`, '# Project\n');
  s.write(`${name}/src/add.js`, 'export const add = (a, b) => a + b;\n');
  s.git(root, 'add', '-A');
  s.git(root, 'commit', '-q', '-m', 'First commit');
  return root;
}

/** A project with a bare remote `origin` that has its `main`. */
export function makeProjectWithRemote(s: Scratch): { root: string; bare: string } {
  const root = makeProject(s);
  const bare = join(s.dir, 'origin.git');
  s.git(s.dir, 'init', '-q', '--bare', '-b', 'main', bare);
  s.git(root, 'remote', 'add', 'origin', bare);
  s.git(root, 'push', '-q', 'origin', 'main');
  return { root, bare };
}

export const open = (s: Scratch, cwd: string): Promise<Repository> => openRepository(cwd, s.env);

/** Adds a file and commits it; returns the commit. */
export function commitFile(s: Scratch, cwd: string, name: string, content: string, subject: string): string {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), content);
  s.git(cwd, 'add', '-A');
  s.git(cwd, 'commit', '-q', '-m', subject);
  return s.git(cwd, 'rev-parse', 'HEAD');
}
