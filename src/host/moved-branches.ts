import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { messageOf, systemCode } from '../errors.ts';
import { createGit, type Git } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import { branchTips } from '../git/refs.ts';
import type { MovedBranch } from '../session/receipt.ts';
import { requireTask, type HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

const tips = z.record(z.string(), z.string());
const fileOf = ({ paths }: HostContext): string => path.join(paths.run, 'branches.json');

/** Remembers where every branch stands before a turn: what a person moves between turns is their own doing. */
export async function rememberBranches(context: HostContext): Promise<void> {
  const { record, env, note } = context;
  if (record.task === null) return;
  try {
    // Unguarded: listing branches executes nothing, and a changed configuration must not keep a prompt from its agent.
    const git = createGit({ cwd: record.repo?.root ?? record.cwd, env: gitEnvironment(env) });
    writeFileSync(fileOf(context), JSON.stringify(await branchTips(git)), { mode: 0o600 });
  } catch (error) {
    note(`branches: ${messageOf(error)}`);
  }
}

/**
 * Other branches that came to stand at commits of this task during its last turn, and those found earlier that still
 * do: an agent that moves a person's branch does it in their repository, where nobody looks.
 */
export async function movedBranches(context: HostContext): Promise<readonly MovedBranch[]> {
  const { branch: own, baseCommit } = requireTask(context);
  const git = worktreeGit(context);
  const now = await branchTips(git);
  const known = context.log.folded.delivery.receipt?.movedBranches ?? [];
  const moved = known.filter(({ branch, to }) => now[branch] === to);
  for (const [branch, from] of Object.entries(remembered(context))) {
    const to = now[branch];
    if (branch === own || to === undefined || to === from || moved.some((one) => one.branch === branch)) continue;
    if ((await contains(git, 'HEAD', to)) && !(await contains(git, baseCommit, to))) moved.push({ branch, from, to });
  }
  return moved;
}

const contains = async (git: Git, tip: string, commit: string): Promise<boolean> =>
  (await git.run(['merge-base', '--is-ancestor', '--end-of-options', commit, tip], { okCodes: [0, 1] })).exitCode === 0;

function remembered(context: HostContext): Readonly<Record<string, string>> {
  try {
    return tips.parse(JSON.parse(readFileSync(fileOf(context), 'utf8')));
  } catch (error) {
    // A task that an older version began has none.
    if (systemCode(error) !== 'ENOENT') context.note(`branches: ${messageOf(error)}`);
    return {};
  }
}
