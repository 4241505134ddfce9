import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Git } from './git.ts';
import { clearOrphan, forgetWorktree } from './half-made-worktree.ts';
import { ageOf, readWorktreeFiles } from './worktree-entry.ts';
import { whileOthersWrite } from './worktree-list.ts';
import { endWorktreeProcesses, worktreeMarker } from './worktree-marker.ts';
import { realPlace } from './worktree-path.ts';

/** A place for a worktree that is ours alone and never holds anybody's work. */
export interface ScratchPlace {
  /** Of the repository, absolute and real. */
  readonly commonDir: string;
  /** Absolute; its parent is there. */
  readonly path: string;
}

/** Large repositories on slow disks take minutes to check out. */
const ADD_TIMEOUT_MS = 15 * 60_000;

/**
 * Checks `commit` out in a worktree of its own, without a branch. Safe to call again after `kill -9` at any moment: what
 * an earlier attempt left, half-made or whole, goes first. The caller removes it with `removeScratchWorktree`.
 * @param git in the repository
 */
export async function addScratchWorktree(git: Git, place: ScratchPlace, commit: string): Promise<void> {
  const path = await realPlace(place.path);
  const args = ['worktree', 'add', '--detach', '--force', '--end-of-options', path, commit];
  await whileOthersWrite(async () => {
    await removeScratchWorktree(place);
    // Before git's entry: whoever finds no directory has nothing to clear.
    await mkdir(path, { mode: 0o700 });
    await git.withEnv(worktreeMarker(path)).run(args, { timeoutMs: ADD_TIMEOUT_MS });
  });
}

/**
 * Ends git processes that still make it, and removes git's entry and the directory; nothing is done where there is
 * neither. By its name, never by `git worktree prune`: that would also forget a person's worktree on a disk that is not
 * mounted now. Without git: a half-made entry makes its commands fail.
 */
export async function removeScratchWorktree({ commonDir, path: place }: ScratchPlace): Promise<void> {
  const path = await realPlace(place);
  await endWorktreeProcesses(path, (await ageOf(path)) !== null);
  for (const files of await readWorktreeFiles(commonDir)) {
    if (files.gitdir === join(path, '.git')) await forgetWorktree(files);
    else await clearOrphan(files, basename(path));
  }
  // Last, so that an interrupted clearing is begun again.
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}
