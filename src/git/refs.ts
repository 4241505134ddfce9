import { notFound } from '../errors.ts';
import type { Git } from './git.ts';
import { remotes } from './remotes.ts';
import { requireCommits, type Repository } from './repository.ts';

/** Where a task starts and its pull request goes. */
export interface Base {
  /** Branch name without a remote in front: `main`. */
  readonly branch: string;
  /** Full name of the ref the commit was read from. */
  readonly ref: string;
  readonly commit: string;
  /** How many commits the remote's branch is ahead of `commit`, as of the last fetch; 0 without a remote's branch. */
  readonly behind: number;
}

/**
 * The branch a task starts from when nobody says: `main`, then `master`, the remote's default, the branch checked out.
 * @throws `no-commits` (exit 2), `base-not-found` (exit 4).
 */
export async function defaultBase(repo: Repository): Promise<string> {
  requireCommits(repo);
  for (const name of ['main', 'master']) {
    if ((await findBase(repo, name)) !== null) return name;
  }
  for (const { name } of await remotes(repo.git)) {
    const head = await repo.git.line(['symbolic-ref', '--quiet', `refs/remotes/${name}/HEAD`], {
      okCodes: [0, 1, 128],
    });
    const prefix = `refs/remotes/${name}/`;
    if (head.startsWith(prefix)) return head.slice(prefix.length);
  }
  const current = await repo.git.line(['symbolic-ref', '--quiet', '--short', 'HEAD'], { okCodes: [0, 1, 128] });
  if (current !== '' && (await findBase(repo, current)) !== null) return current;
  throw await baseNotFound(repo, 'main');
}

/**
 * The commit a branch name stands for: the local branch if there is one, else a remote's (`origin` first).
 * `origin/main` is understood as the remote's branch `main`.
 * @throws `base-not-found` (exit 4), listing the branches there are.
 */
export async function resolveBase(repo: Repository, name: string): Promise<Base> {
  const base = await findBase(repo, name);
  if (base === null) throw await baseNotFound(repo, name);
  return base;
}

async function findBase(repo: Repository, name: string): Promise<Base | null> {
  const { git } = repo;
  const names = (await remotes(git)).map((remote) => remote.name);
  const local = await resolveCommit(git, `refs/heads/${name}`);
  if (local !== null) {
    return { branch: name, ref: `refs/heads/${name}`, commit: local, behind: await behind(git, names, name, local) };
  }
  for (const remote of names) {
    for (const branch of name.startsWith(`${remote}/`) ? [name.slice(remote.length + 1), name] : [name]) {
      const ref = `refs/remotes/${remote}/${branch}`;
      const commit = await resolveCommit(git, ref);
      if (commit !== null) return { branch, ref, commit, behind: 0 };
    }
  }
  return null;
}

async function behind(git: Git, remoteNames: readonly string[], branch: string, local: string): Promise<number> {
  for (const remote of remoteNames) {
    const commit = await resolveCommit(git, `refs/remotes/${remote}/${branch}`);
    if (commit !== null)
      return Number(await git.line(['rev-list', '--count', '--end-of-options', commit, `^${local}`, '--']));
  }
  return 0;
}

async function baseNotFound(repo: Repository, name: string): Promise<Error> {
  const branches = await branchNames(repo.git);
  const shown = branches.slice(0, 20).join(', ');
  const list = branches.length > 20 ? `${shown}, and ${branches.length - 20} more` : shown;
  return notFound('base-not-found', `There is no branch "${name.slice(0, 80)}" to start from in ${repo.root}.`, {
    remedy: branches.length === 0 ? 'Make a branch first.' : `Name one of these with --base: ${list}`,
    facts: { base: name, branches },
  });
}

/** Local branches, then the remotes' (`origin/main`), the most recently used first. */
export async function branchNames(git: Git): Promise<string[]> {
  const list = async (under: string): Promise<string[]> =>
    (
      await git.run(['for-each-ref', '--sort=-committerdate', '--format=%(refname:short)', '--end-of-options', under])
    ).stdout
      .split('\n')
      .filter(
        (name) => name !== '' && name.includes('/HEAD') === false && (under === 'refs/heads' || name.includes('/')),
      );
  return [...(await list('refs/heads')), ...(await list('refs/remotes'))];
}

/** The commit that `name` (branch, tag, hash, full ref) stands for, peeled; null when there is none. */
export async function resolveCommit(git: Git, name: string): Promise<string | null> {
  if (name === '' || name.startsWith('-') || name.includes('\n')) return null;
  const result = await git.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], {
    okCodes: [0, 1, 128],
  });
  const hash = result.stdout.trim();
  return result.exitCode === 0 && isCommitHash(hash) ? hash : null;
}

export const isCommitHash = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

/** The commit of a local branch; null when there is no such branch. */
export const branchCommit = async (git: Git, branch: string): Promise<string | null> =>
  resolveCommit(git, `refs/heads/${branch}`);

/** True when there is a local branch of this name. */
export const branchExists = async (git: Git, branch: string): Promise<boolean> =>
  (await branchCommit(git, branch)) !== null;

/** The commits of all local branches, by short name. */
export async function branchTips(git: Git): Promise<Record<string, string>> {
  const args = ['for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/heads'];
  const lines = (await git.run(args)).stdout.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}
