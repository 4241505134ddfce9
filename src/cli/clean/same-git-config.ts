import { existsSync } from 'node:fs';
import { compareConfig, configChanged, sharedConfig, snapshotConfig } from '../../git/config-guard.ts';
import { createGit } from '../../git/git.ts';
import type { Repository } from '../../git/repository.ts';
import type { RestingTask } from './require-rest.ts';

/**
 * Looking for losses runs git on the agent's work, filters and all. Refuses while what an agent planted is still there:
 * nobody allowed it, or its turn was never seen to end. Later changes are a person's own and none of our business.
 * @throws `git-config-changed` (exit 6).
 */
export async function requireSameGitConfig(repo: Repository, { view }: RestingTask): Promise<void> {
  const { gitConfig, turns } = view.folded;
  if (gitConfig.accepted === null || (gitConfig.pending === null && turns.open === null)) return;
  const hasWorktree = existsSync(view.record.cwd);
  const now = await snapshotConfig(hasWorktree ? createGit({ cwd: view.record.cwd, env: repo.env }) : repo.git);
  const changes = hasWorktree
    ? compareConfig(gitConfig.accepted, now)
    : compareConfig(sharedConfig(gitConfig.accepted), sharedConfig(now));
  if (changes.length > 0) throw configChanged(changes);
}
