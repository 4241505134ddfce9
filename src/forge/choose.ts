import { gitEnvironment } from '../git/git-environment.ts';
import { createGit, type Git } from '../git/git.ts';
import { branchCommit } from '../git/refs.ts';
import { remotes, type Remote } from '../git/remotes.ts';
import { unreachable, usageError } from '../errors.ts';
import type { ForgeName } from '../session/record.ts';
import type { Forge } from './forge.ts';
import type { GithubRepository } from './gh.ts';
import { withTrustedPath } from '../process/find-program.ts';
import { createGithubForge } from './github.ts';
import { createLocalForge } from './local.ts';
import { parseGithubUrl } from './remote-url.ts';

export interface DetectedForge {
  readonly forge: ForgeName;
  /** The remote to push to; null when there is none. */
  readonly remote: string | null;
  /** Set when `forge` is github. */
  readonly repository: GithubRepository | null;
}

/**
 * GitHub when `origin` leads there, or any remote where there is no `origin`; else local files, with `origin` to push to
 * if there is one. Another remote is named in the configuration (`remote`). `ghHost` is the environment's GH_HOST: an enterprise server counts as GitHub.
 */
export function detectForge(known: readonly Remote[], ghHost?: string): DetectedForge {
  const hosts = ghHost === undefined ? [] : [ghHost];
  const origin = known.find((remote) => remote.name === 'origin');
  // A mirror elsewhere is no place for work that is meant for a private origin.
  for (const remote of origin === undefined ? known : [origin]) {
    const repository = parseGithubUrl(remote.pushUrl, hosts) ?? parseGithubUrl(remote.url, hosts);
    if (repository !== null) return { forge: 'github', remote: remote.name, repository };
  }
  return { forge: 'local', remote: origin?.name ?? null, repository: null };
}

export interface ForgeOptions {
  readonly name: ForgeName;
  /** The main checkout. */
  readonly root: string;
  /** The remote whose URL names the GitHub repository; not needed for `local`. */
  readonly remote: string | null;
  /** The process's environment; each program gets its own part of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `local` keeps pull requests. */
  readonly pullRequestsDir: string;
}

/** The forge of a repository, as recorded with the task. Nothing is read or started until a method is called. */
export function openForge(options: ForgeOptions): Forge {
  switch (options.name) {
    case 'local':
      return createLocalForge({
        root: options.root,
        pullRequestsDir: options.pullRequestsDir,
        commitOf: (branch) => branchCommit(gitIn(options), branch),
      });
    case 'github': {
      // The remote's URL is looked up when it is needed, and once: a person may have renamed the repository since.
      let opened: Promise<Forge> | undefined;
      const forge = (): Promise<Forge> => (opened ??= openGithub(options));
      return {
        name: 'github',
        getIssue: async (number) => (await forge()).getIssue(number),
        findPullRequest: async (branch) => (await forge()).findPullRequest(branch),
        createPullRequest: async (request) => (await forge()).createPullRequest(request),
        updatePullRequest: async (pullRequest, body) => (await forge()).updatePullRequest(pullRequest, body),
        getReview: async (number) => (await forge()).getReview(number),
      };
    }
    default:
      return unreachable(options.name, 'forge');
  }
}

const gitIn = ({ root, env }: ForgeOptions): Git => createGit({ cwd: root, env: gitEnvironment(env) });

async function openGithub(options: ForgeOptions): Promise<Forge> {
  const { root, remote } = options;
  const env = withTrustedPath(options.env, root);
  const all = await remotes(gitIn(options));
  const chosen = all.filter((candidate) => remote === null || candidate.name === remote);
  const { repository } = detectForge(chosen, env['GH_HOST']);
  if (repository === null) {
    throw usageError(
      'not-on-github',
      `No remote of ${root}${remote === null ? '' : ` called ${remote}`} leads to GitHub.`,
      {
        remedy: 'Check git remote -v; a GitHub Enterprise host is named with GH_HOST.',
        facts: { root, remote },
      },
    );
  }
  return createGithubForge(repository, env);
}
