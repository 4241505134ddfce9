import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConduxtError, usageError } from '../errors.ts';
import type { RepoRef } from '../session/record.ts';
import { sha256 } from '../text/sha256.ts';
import { cleanStderr, createGit, type Git } from './git.ts';
import { listWorktrees } from './worktree-list.ts';

/** A repository as conduxt sees it: the main checkout, whichever worktree the user stands in. */
export interface Repository extends RepoRef {
  /** The commit that is checked out; null on a branch without one. */
  readonly head: string | null;
  /** Whether that commit has the file that was asked about; null when nobody asked, or it is not known. */
  readonly headHas: boolean | null;
  /** False right after `git init`: there is nothing to start a branch from. */
  readonly hasCommits: boolean;
  /** The environment of every git call in this repository. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs in the main checkout. */
  readonly git: Git;
}

/**
 * Finds the repository that `cwd` is in. Inside a linked worktree this is the repository it belongs to.
 * @param lookFor a file, relative to the root, that the caller would look for in its head next.
 * @throws `not-a-repository` (exit 2), `bare-repository` (exit 2), `git-missing` (exit 5).
 */
export async function openRepository(
  cwd: string,
  env: Readonly<Record<string, string>>,
  lookFor?: string,
): Promise<Repository> {
  const here = createGit({ cwd, env });
  const found = await readPlaces(here, cwd, lookFor);
  const commonDir = await realpath(found.commonDir);
  const root = await findRoot(here, found, commonDir, cwd);
  const git = createGit({ cwd: root, env });
  const slug = slugOf(commonDir, root);
  // A linked worktree has a head of its own.
  const isHere = root === found.topLevel;
  const head = isHere ? found.head : await headCommit(git);
  const headHas = isHere && head !== null ? found.headHas : null;
  const hasCommits = head !== null || (await hasAnyBranch(git));
  return { root, commonDir, slug, key: keyOf(slug, commonDir), head, headHas, hasCommits, env, git };
}

/** Throws `no-commits` (exit 2) for a repository without a single commit. */
export function requireCommits(repo: Repository): void {
  if (repo.hasCommits) return;
  throw usageError('no-commits', `The repository ${repo.root} has no commit yet, so there is nothing to start from.`, {
    remedy: 'Make a first commit: git add -A && git commit -m "First commit"',
    facts: { root: repo.root },
  });
}

interface Places {
  readonly gitDir: string;
  readonly commonDir: string;
  /** The checkout we stand in; null in a bare repository and inside of `.git`. */
  readonly topLevel: string | null;
  readonly head: string | null;
  readonly headHas: boolean | null;
}

/** One call for all of it: every start of git costs milliseconds, here and in the process that has it forked. */
async function readPlaces(git: Git, cwd: string, lookFor: string | undefined): Promise<Places> {
  const wanted = lookFor === undefined ? [] : [`HEAD:${lookFor}`];
  let result;
  try {
    // The third fails where there is no checkout, after the others have been printed. What does not name anything is left out.
    result = await git.run(
      ['rev-parse', '--git-dir', '--git-common-dir', '--show-toplevel', '--revs-only', 'HEAD^{commit}', ...wanted],
      { okCodes: [0, 128] },
    );
  } catch (error) {
    if (error instanceof ConduxtError && error.code === 'directory-missing') throw notARepository(cwd, '');
    throw error;
  }
  const [gitDir = '', commonDir = '', topLevel = '', head = '', file = ''] = result.stdout.split('\n');
  if (gitDir === '' || commonDir === '') throw notARepository(cwd, result.stderr.trim());
  const isCheckout = result.exitCode === 0 && topLevel !== '';
  // Of a tree that cannot be read, nobody knows what is in it.
  const unsaid = /^(?:error|fatal):/m.test(result.stderr) ? null : false;
  return {
    gitDir: resolve(cwd, gitDir),
    commonDir: resolve(cwd, commonDir),
    topLevel: isCheckout ? topLevel : null,
    head: isCheckout && head !== '' ? head : null,
    headHas: lookFor === undefined ? null : file !== '' ? true : unsaid,
  };
}

function notARepository(cwd: string, detail: string): ConduxtError {
  // Git's own words go along: "dubious ownership" comes with the command that mends it.
  const why = detail === '' ? '' : ` (${cleanStderr(detail)})`;
  return usageError('not-a-repository', `${cwd} is not in a git repository that can be used here${why}.`, {
    remedy: 'Go to a git repository, or make one: git init && git add -A && git commit -m "First commit"',
    facts: { cwd },
  });
}

/** The main checkout. A bare repository has none; there a linked worktree stands in for it. */
async function findRoot(git: Git, places: Places, commonDir: string, cwd: string): Promise<string> {
  const isLinked = (await realpath(places.gitDir)) !== commonDir;
  if (!isLinked) {
    if (places.topLevel === null) throw bareRepository(cwd);
    return places.topLevel;
  }
  const main = (await listWorktrees(git))[0];
  if (main?.bare === true) {
    if (places.topLevel === null) throw bareRepository(cwd);
    return places.topLevel;
  }
  if (basename(commonDir) === '.git') return dirname(commonDir);
  // A separate git directory (`git init --separate-git-dir`, a submodule) may say where its checkout is.
  const recorded = await git.line(['config', '--file', join(commonDir, 'config'), 'core.worktree'], {
    okCodes: [0, 1],
  });
  if (recorded !== '') return realpath(resolve(commonDir, recorded));
  if (main === undefined || main.path === commonDir) throw bareRepository(cwd);
  return main.path;
}

function bareRepository(cwd: string): ConduxtError {
  return usageError(
    'bare-repository',
    `${cwd} is in a bare repository or a .git directory, which has no files to work on.`,
    {
      remedy: 'Run conduxt in a checkout of it: git clone <this directory> <new directory>',
      facts: { cwd },
    },
  );
}

async function headCommit(git: Git): Promise<string | null> {
  const head = await git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { okCodes: [0, 1, 128] });
  return head.exitCode === 0 ? head.stdout.trim() : null;
}

/** HEAD may point at a branch that was never born while others exist (a fresh clone of an odd remote). */
async function hasAnyBranch(git: Git): Promise<boolean> {
  return (await git.line(['for-each-ref', '--count=1', '--format=%(refname)', 'refs/heads', 'refs/remotes'])) !== '';
}

/** The directory's name as people know it, reduced to characters that are safe in a path and in `repo/name`. */
function slugOf(commonDir: string, root: string): string {
  const name = basename(commonDir).startsWith('.') ? basename(dirname(commonDir)) : nameOfGitDirectory(commonDir, root);
  const slug = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return slug === '' ? 'repo' : slug;
}

/** `project.git` is named for itself whatever worktree we stand in; a separate git directory for its checkout. */
const nameOfGitDirectory = (commonDir: string, root: string): string =>
  commonDir.endsWith('.git') ? basename(commonDir, '.git') : basename(root);

/** Stable for a repository wherever it is called from: two checkouts of the same name have different keys. */
export const keyOf = (slug: string, commonDir: string): string => `${slug}-${sha256(commonDir).slice(0, 8)}`;
