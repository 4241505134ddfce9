import { createGit, type Git } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import type { HostContext } from './context.ts';

/** Git in the task's worktree. */
export const worktreeGit = ({ record, env }: HostContext): Git =>
  createGit({ cwd: record.cwd, env: gitEnvironment(env) });

/** Git in the main checkout: where a remote's relative path is meant from. */
export const mainGit = ({ record, env }: HostContext): Git =>
  createGit({ cwd: record.repo?.root ?? record.cwd, env: gitEnvironment(env) });
