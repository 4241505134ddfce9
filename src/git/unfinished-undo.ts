import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { filesOtherThan } from './checkout-files.ts';
import { forgetWorktree } from './half-made-worktree.ts';
import type { Repository } from './repository.ts';
import { syncEach } from './sync-refs.ts';
import { readWorktreeFiles } from './worktree-entry.ts';
import { endWorktreeProcesses } from './worktree-marker.ts';

/**
 * A note in the repository while discarded work is being brought back to a place. Without it, what `kill -9` leaves
 * there (a worktree with none or some of the changes) looks like something of a person's, and is never finished.
 */
const noteOf = (repo: Repository, path: string): string =>
  join(directoryOf(repo), createHash('sha256').update(path).digest('hex').slice(0, 24));

const directoryOf = (repo: Repository): string => join(repo.commonDir, 'conduxt-undo');

/** Says, durably, that this branch is about to be brought back to `path`. */
export async function beginUndo(repo: Repository, path: string, branch: string): Promise<void> {
  const note = noteOf(repo, path);
  await mkdir(directoryOf(repo), { recursive: true });
  await writeFile(note, `${branch}\n`);
  await syncEach([note, directoryOf(repo), repo.commonDir]);
}

export async function endUndo(repo: Repository, path: string): Promise<void> {
  await rm(noteOf(repo, path), { force: true });
}

/**
 * Takes away what an earlier undo left unfinished at `path`, when every file there is one of `commits`, or the beginning
 * of one. @returns the branch it had chosen (`isChosen` knows one); null when there was none, or when somebody has worked
 * there since.
 */
export async function clearUnfinishedUndo(
  repo: Repository,
  path: string,
  commits: readonly (string | null)[],
  isChosen: (branch: string) => boolean,
): Promise<string | null> {
  const branch = await textOfNote(noteOf(repo, path));
  // The agent can write here, too.
  if (branch === null || !isChosen(branch)) return null;
  await endWorktreeProcesses(path, true);
  let strange: readonly string[] | null = null;
  for (const commit of commits) {
    const others = await filesOtherThan(repo.git, commit, path);
    strange = others.filter((file) => strange === null || strange.includes(file));
  }
  if (strange !== null && strange.length > 0) return null;
  // The directory goes first: while git's entry is there, a clearing that is cut short is one of git's own.
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  for (const files of await readWorktreeFiles(repo.commonDir))
    if (files.gitdir === join(path, '.git')) await forgetWorktree(files);
  return branch;
}

/** Null when there is none, or none that was written to its end. */
async function textOfNote(note: string): Promise<string | null> {
  try {
    const text = await readFile(note, 'utf8');
    return text.endsWith('\n') ? text.trim() : null;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
