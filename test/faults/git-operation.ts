/** A program that does one of git's great changes and says so: what the kill test starts and kills. */
import { expireDiscarded, listDiscarded, restoreDiscarded } from '../../src/git/discarded-work.ts';
import { pushBranch, type PushOutcome } from '../../src/git/push.ts';
import { deleteBranch, removeWorktree } from '../../src/git/remove.ts';
import { openRepository } from '../../src/git/repository.ts';
import { addScratchWorktree, removeScratchWorktree } from '../../src/git/scratch-worktree.ts';
import { addWorktree } from '../../src/git/worktree.ts';

export const operations = ['make', 'discard', 'undo', 'expire', 'push', 'fresh'] as const;

export interface Operation {
  readonly name: (typeof operations)[number];
  readonly root: string;
  readonly worktree: string;
  readonly branch: string;
  readonly baseCommit: string;
  readonly session: string;
  /** For a push: what the remote shall hold. */
  readonly commit: string;
}

/** A discard is what `clean --force` does: the snapshot, the worktree, the branch. */
export async function operate(
  operation: Operation,
  env: Readonly<Record<string, string>>,
): Promise<PushOutcome | null> {
  const { name, root, worktree, branch, baseCommit, session, commit } = operation;
  const repo = await openRepository(root, env);
  switch (name) {
    case 'make':
      await addWorktree({ repo, path: worktree, branch, baseCommit, adopt: false });
      return null;
    case 'discard': {
      const removal = { repo, worktree, branch, baseCommit, force: { session, at: new Date().toISOString() } };
      await removeWorktree(removal);
      await deleteBranch(removal);
      return null;
    }
    case 'undo': {
      const [work] = await listDiscarded(repo, session);
      if (work === undefined) throw new Error('nothing was discarded');
      await restoreDiscarded({ repo, work, directory: worktree, branch });
      return null;
    }
    case 'expire':
      await expireDiscarded(repo, Date.parse('2999-01-01'));
      return null;
    case 'fresh': {
      const place = { commonDir: repo.commonDir, path: worktree };
      await addScratchWorktree(repo.git, place, commit);
      await removeScratchWorktree(place);
      return null;
    }
    case 'push':
      return pushBranch({ git: repo.git, remote: 'origin', branch, commit, expectedRemote: null, baseCommit });
  }
}

if (import.meta.main) {
  const operation = JSON.parse(process.argv[2] ?? '') as Operation;
  const env = Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? '']));
  process.stdout.write('started\n');
  await operate(operation, env);
}
