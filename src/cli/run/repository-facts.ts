import type { LoadedConfig } from '../../config/load.ts';
import { loadConfig } from '../../config/load.ts';
import { detectForge, type DetectedForge } from '../../forge/choose.ts';
import { gitEnvironment } from '../../git/git-environment.ts';
import { defaultBase, resolveBase, type Base } from '../../git/refs.ts';
import { remotes } from '../../git/remotes.ts';
import { openRepository, requireCommits, type Repository } from '../../git/repository.ts';
import { treeAt, type BaseTree } from '../../git/tree.ts';
import { notFound } from '../../errors.ts';
import type { RepoRef } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';
import { CONFIG_FILE, uncommittedConfig } from '../uncommitted-config.ts';

/** What is known of the repository a command was typed in. Read once; nothing was changed. */
export interface RepositoryFacts {
  readonly repo: Repository;
  readonly ref: RepoRef;
  readonly base: Base;
  /** The files of the base commit. */
  readonly tree: BaseTree;
  readonly loaded: LoadedConfig;
  readonly detected: DetectedForge;
  /** The remote branches are pushed to; null when there is none. */
  readonly remote: string | null;
  /** What a person may take for their configuration and is not, in words; null when file and commit agree. */
  readonly configNote: string | null;
}

/**
 * Opens the repository, finds the base branch and reads the configuration from its commit: what an agent changes in a
 * worktree has no say in how its work is judged.
 * @param baseFlag `--base`, or the base of a pull request; undefined: the configuration decides, then git.
 */
export async function gatherRepository(context: VerbContext, baseFlag: string | undefined): Promise<RepositoryFacts> {
  const { io, places } = context;
  const repo = await openRepository(io.cwd, gitEnvironment(io.env));
  requireCommits(repo);
  const loadWith = (repoConfigText: string | null, repoConfigLabel: string): Promise<LoadedConfig> =>
    loadConfig({ env: io.env, places, repoConfigText, repoConfigLabel, repoKey: repo.key });
  const readAt = async (base: Base): Promise<Pick<RepositoryFacts, 'tree' | 'loaded' | 'configNote'>> => {
    const tree = treeAt(repo.git, base.commit);
    const text = await tree.read(CONFIG_FILE);
    const loaded = await loadWith(text, `${CONFIG_FILE} (${base.branch})`);
    return { tree, loaded, configNote: await uncommittedConfig(repo.root, text, base.branch) };
  };
  const usersOwn = await loadWith(null, CONFIG_FILE);
  let base = await resolveBase(repo, baseFlag ?? usersOwn.config.base ?? (await defaultBase(repo)));
  let read = await readAt(base);
  if (baseFlag === undefined && read.loaded.config.base !== null && read.loaded.config.base !== base.branch) {
    // The file on the default branch sends tasks to another one; that one's file counts.
    base = await resolveBase(repo, read.loaded.config.base);
    read = await readAt(base);
  }
  const { loaded } = read;
  const known = await remotes(repo.git);
  const { remote: wanted } = loaded.config;
  if (wanted !== null && !known.some((each) => each.name === wanted)) {
    throw notFound(
      'remote-not-found',
      `The configuration names the git remote "${wanted}", which ${repo.root} does not have.`,
      {
        remedy: `Correct "remote" in ${loaded.sources['remote'] ?? CONFIG_FILE}, or add it: git remote add ${wanted} <url>`,
      },
    );
  }
  const detected = detectForge(
    wanted === null ? known : known.filter((each) => each.name === wanted),
    io.env['GH_HOST'],
  );
  const { key, slug, root, commonDir } = repo;
  return {
    repo,
    ref: { key, slug, root, commonDir },
    base,
    ...read,
    detected,
    remote: wanted ?? detected.remote,
  };
}
