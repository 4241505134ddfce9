import { gitEnvironment } from '../git/git-environment.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { sessionPaths } from '../store/paths.ts';
import { listNames, readRecord } from '../store/read-session.ts';
import type { VerbContext } from './context.ts';

/** The repositories that named sessions belong to, each once. One that is not there any more is passed over. */
export async function taskRepositories(context: VerbContext): Promise<Repository[]> {
  const { home, runtimeDir } = context.places;
  const roots = new Map<string, string>();
  for (const { repoKey, id } of listNames(home, null)) {
    if (roots.has(repoKey)) continue;
    try {
      const root = readRecord(sessionPaths(home, id, runtimeDir).record)?.repo?.root;
      if (root !== undefined) roots.set(repoKey, root);
    } catch {
      // `status` tells of a record that cannot be read; another session may know the repository.
    }
  }
  const env = gitEnvironment(context.io.env);
  const opened = await Promise.all([...roots.values()].map((root) => openRepository(root, env).catch(() => null)));
  return opened.filter((repo) => repo !== null);
}
