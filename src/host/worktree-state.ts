import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';
import { ignoredFiles, type FileStatus } from '../git/status.ts';
import { submoduleFiles } from '../git/submodules.ts';
import { trueStatus, usersExcludes } from '../git/true-status.ts';
import { requireTask, type HostContext } from './context.ts';
import { wasBrought } from './brought-files.ts';
import { worktreeGit } from './worktree-git.ts';

const excludesBefore = ({ paths }: HostContext): string => path.join(paths.run, 'info-exclude');

/** Remembers what the repository ignores by its `info/exclude` before an agent could write to it. Once per session. */
export function rememberExcludes(context: HostContext): void {
  const copy = excludesBefore(context);
  const { repo } = context.record;
  if (repo === null || existsSync(copy)) return;
  // Not copied: the copy would be as open to others as the repository's file.
  writeFileSync(copy, contentOrNothing(path.join(repo.commonDir, 'info', 'exclude')), { mode: 0o600 });
}

function contentOrNothing(file: string): Buffer | string {
  try {
    return readFileSync(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return '';
  }
}

/** The same as one list. */
export async function uncommittedFiles(context: HostContext): Promise<readonly string[]> {
  const { dirty, untracked } = await uncommittedStatus(context);
  return [...dirty, ...untracked];
}

/** Files in the worktree that are not in its commit, whatever the agent told git to overlook; but for what we brought. */
export async function uncommittedStatus(context: HostContext): Promise<FileStatus> {
  const task = requireTask(context);
  const git = worktreeGit(context);
  const excludes = await usersExcludes(git, context.env['HOME'] ?? '/');
  const before = excludesBefore(context);
  const { dirty, untracked } = await trueStatus(git, path.join(context.paths.run, 'verify-index'), [
    ...excludes,
    ...(existsSync(before) ? [before] : []),
  ]);
  const inSubmodules = await submoduleFiles(git, task.baseCommit, setUpAtMs(context));
  return {
    dirty: [...dirty, ...inSubmodules.uncommitted],
    untracked: untracked.filter((file) => !wasBrought(task, file)),
  };
}

/** What is there is from the set-up, or was there before, unless it changed after this time (epoch). */
export function setUpAtMs({ log }: HostContext): number {
  const { setup } = log.folded.delivery;
  return setup === null ? 0 : Date.parse(setup.at);
}

/** What may help the tests of the worktree and is in no commit: what git ignores, and what submodules do not track. */
export async function uncarriedPaths(context: HostContext): Promise<readonly string[]> {
  const git = worktreeGit(context);
  const { untracked } = await submoduleFiles(git, requireTask(context).baseCommit, setUpAtMs(context));
  return [...(await ignoredFiles(git)), ...untracked];
}
