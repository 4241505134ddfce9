import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import { resolveCommit } from './refs.ts';
import type { FileStatus } from './status.ts';

/** That there is something is what counts; the first names are enough to say what. */
const LIST = { mayBeCut: true } as const;

/**
 * What in a worktree is not in its commit, as it really is: compared through an index of our own, made from HEAD. The
 * worktree's own index can be told not to look (`update-index --skip-worktree`, `--assume-unchanged`), and
 * `info/exclude` can be told not to see: both are the agent's to write.
 * @param scratchIndex a path of ours for that index; removed at the end
 * @param excludeFrom files with patterns that a person ignores by themselves: their own, not the repository's
 */
export async function trueStatus(git: Git, scratchIndex: string, excludeFrom: readonly string[]): Promise<FileStatus> {
  const own = git.withEnv({ GIT_INDEX_FILE: scratchIndex });
  try {
    await own.run(['read-tree', 'HEAD']);
    // Exit 1: some files differ. Without it every file would, because the new index knows no times yet.
    await own.run(['update-index', '-q', '--refresh', '--ignore-submodules'], { okCodes: [0, 1] });
    const changed = await own.run(['diff-files', '--name-only', '-z', '--ignore-submodules=dirty'], LIST);
    const excludes = excludeFrom.map((file) => `--exclude-from=${file}`);
    const unknown = await own.run(
      ['ls-files', '-z', '--others', '--exclude-per-directory=.gitignore', ...excludes],
      LIST,
    );
    return { dirty: paths(changed.stdout), untracked: paths(unknown.stdout) };
  } finally {
    await rm(scratchIndex, { force: true });
    await rm(`${scratchIndex}.lock`, { force: true });
  }
}

/**
 * Why what is checked out is not the work of `branch` on top of `base`, as a clause; null when it is. What is verified
 * must be what is delivered.
 */
export async function whyAstray(git: Git, branch: string, base: string): Promise<string | null> {
  const ref = await git.line(['symbolic-ref', '--quiet', 'HEAD'], { okCodes: [0, 1] });
  if (ref !== `refs/heads/${branch}`) {
    const where = ref === '' ? 'on no branch' : `on ${ref.replace(/^refs\/heads\//, '')}`;
    return `the worktree is ${where}, not on ${branch}`;
  }
  if ((await resolveCommit(git, 'HEAD')) === null) return `${branch} has no commit`;
  const kept = await git.run(['merge-base', '--is-ancestor', '--end-of-options', base, 'HEAD'], { okCodes: [0, 1] });
  return kept.exitCode === 0 ? null : `${branch} no longer contains the commit it began at`;
}

const paths = (text: string): string[] => text.split('\0').filter((path) => path !== '');

/** Where the user, not the repository, says what git ignores everywhere; only what exists. */
export async function usersExcludes(git: Git, homedir: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const scope of ['--system', '--global']) {
    // 1: not set; 128: there is no such file.
    const set = await git.line(['config', scope, '--type=path', '--get', 'core.excludesFile'], {
      okCodes: [0, 1, 128],
    });
    if (set !== '') found.push(set);
  }
  const xdg = git.env['XDG_CONFIG_HOME'];
  if (found.length === 0)
    found.push(join(xdg === undefined || xdg === '' ? join(homedir, '.config') : xdg, 'git/ignore'));
  return found.filter((file) => existsSync(file));
}
