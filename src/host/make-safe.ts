import { isCommitHash } from '../git/refs.ts';
import { syncCommit } from '../git/sync-commit.ts';
import { requireTask, type HostContext } from './context.ts';
import { mainGit } from './worktree-git.ts';

/** Before a commit of the agent is told of, in a receipt or as pushed, it is one that survives a power loss. */
export async function makeSafe(context: HostContext, commit: string): Promise<void> {
  const { repo, cwd } = context.record;
  const { branch, baseCommit } = requireTask(context);
  if (repo === null || !isCommitHash(commit)) return;
  const { commonDir } = repo;
  await syncCommit({ git: mainGit(context), worktree: cwd, commonDir, branch, commit, baseCommit });
}
