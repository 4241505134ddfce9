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
import { uncommittedConfig } from '../uncommitted-config.ts';

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

const CONFIG_FILE = 'conduxt.json';

/**
 * Opens the repository, finds the base branch and reads the configuration from its commit: what an agent changes in a
 * worktree has no say in how its work is judged.
 * @param baseFlag `--base`, or the base of a pull request; undefined: the configuration decides, then git.
 */
export async function gatherRepository(context: VerbContext, baseFlag: string | undefined): Promise<RepositoryFacts> {
  const { io, places } = context;
  const repo = await openRepository(io.cwd, gitEnvironment(io.env));
  requireCommits(repo);
  const load = async (base: Base | null): Promise<LoadedConfig> =>
    loadConfig({
      env: io.env,
      places,
      repoConfigText: base === null ? null : await treeAt(repo.git, base.commit).read(CONFIG_FILE),
      repoConfigLabel: base === null ? CONFIG_FILE : `${CONFIG_FILE} (${base.branch})`,
      repoKey: repo.key,
    });
  const usersOwn = await load(null);
  let base = await resolveBase(repo, baseFlag ?? usersOwn.config.base ?? (await defaultBase(repo)));
  let loaded = await load(base);
  if (baseFlag === undefined && loaded.config.base !== null && loaded.config.base !== base.branch) {
    // The file on the default branch sends tasks to another one; that one's file counts.
    base = await resolveBase(repo, loaded.config.base);
    loaded = await load(base);
  }
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
    tree: treeAt(repo.git, base.commit),
    loaded,
    detected,
    remote: wanted ?? detected.remote,
    configNote: await uncommittedConfig(root, treeAt(repo.git, base.commit), base.branch),
  };
}
