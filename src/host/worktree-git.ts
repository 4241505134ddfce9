import { createGit, type Git } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import type { HostContext } from './context.ts';

/** Git in the task's worktree. */
export const worktreeGit = ({ record, env }: HostContext): Git =>
  createGit({ cwd: record.cwd, env: gitEnvironment(env) });
