import { branchCommit, resolveCommit } from '../../git/refs.ts';
import { notFound } from '../../errors.ts';
import type { GatheredTask } from '../../intake/gather.ts';
import type { RepositoryFacts } from './repository-facts.ts';

const FETCH_TIMEOUT_MS = 5 * 60_000;

/**
 * Where the work on a pull request goes on: its branch here, or its head commit, fetched when it is not here yet.
 * @param mayFetch false in a dry run, which leaves the repository as it is.
 */
export async function pullRequestStart(
  { repo, remote }: RepositoryFacts,
  pullRequest: NonNullable<GatheredTask['pullRequest']>,
  mayFetch: boolean,
): Promise<string> {
  const { headBranch, headCommit, number } = pullRequest;
  const local = await branchCommit(repo.git, headBranch);
  if (local !== null) return local;
  if ((await resolveCommit(repo.git, headCommit)) !== null || !mayFetch) return headCommit;
  if (remote !== null) {
    // By its full name, and into FETCH_HEAD alone: nothing of the user's own is moved.
    await repo.git.run(['fetch', '--no-tags', '--quiet', '--end-of-options', remote, `refs/heads/${headBranch}`], {
      timeoutMs: FETCH_TIMEOUT_MS,
    });
    if ((await resolveCommit(repo.git, headCommit)) !== null) return headCommit;
  }
  throw notFound(
    'pr-head-not-found',
    `The commits of pull request #${number} (${headBranch}) are not in this repository.`,
    {
      remedy: `Fetch its branch first: git fetch ${remote ?? '<remote>'} ${headBranch}`,
    },
  );
}
