import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export interface RealRepository {
  /** Holds the repository, the logs and HOME; removed with the test. */
  readonly dir: string;
  readonly path: string;
  readonly env: Record<string, string>;
  readonly git: (...args: string[]) => string;
  readonly write: (files: Readonly<Record<string, string>>) => void;
  /** Writes and commits; the new commit's hash. */
  readonly commit: (files: Readonly<Record<string, string>>) => string;
  readonly head: () => Promise<string>;
  readonly dirty: () => Promise<{ dirty: string[]; untracked: string[] }>;
}

export function realRepository(
  t: TestContext,
  files: Readonly<Record<string, string>> = { 'a.txt': 'a\n' },
): RealRepository {
  const dir = mkdtempSync(join(tmpdir(), 'conduxt-verify-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'repo');
  mkdirSync(path);
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: dir,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.invalid',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.invalid',
  };
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: path, env, encoding: 'utf8' }).trimEnd();
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
  };
  const head = (): string => git('rev-parse', 'HEAD');
  const commit = (more: Readonly<Record<string, string>>): string => {
    write(more);
    git('add', '-A');
    git('commit', '-q', '-m', 'Change');
    return head();
  };
  git('init', '-q', '-b', 'main');
  commit(files);
  const dirty = (): { dirty: string[]; untracked: string[] } => {
    const lines = git('status', '--porcelain', '-uall').split('\n');
    const named = (fits: (line: string) => boolean): string[] =>
      lines.filter((line) => line !== '' && fits(line)).map((line) => line.slice(3));
    return { dirty: named((line) => !line.startsWith('??')), untracked: named((line) => line.startsWith('??')) };
  };
  return { dir, path, env, git, write, commit, head: async () => head(), dirty: async () => dirty() };
}

/** Waits for a file that holds a complete line, and reads a number from it. */
export async function numberIn(path: string): Promise<number> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      const text = readFileSync(path, 'utf8');
      if (/^\d+\n$/.test(text)) return Number(text);
    } catch {
      // Not there yet.
    }
    if (performance.now() > end) throw new Error(`waited in vain for ${path}`);
    await delay(5);
  }
}

/** True while `pid` runs something: a zombie does not. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
