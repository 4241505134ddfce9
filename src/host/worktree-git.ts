import { guardGit } from '../git/config-guard.ts';
import { createGit, type Git } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import type { HostContext } from './context.ts';
import { requireSameGitConfig } from './git-config.ts';

/** Git in the task's worktree. Every call throws `git-config-changed` when somebody planted what it would execute. */
export const worktreeGit = (context: HostContext): Git => guarded(context, context.record.cwd);

/** Git in the main checkout: where a remote's relative path is meant from. Guarded in the same way. */
export const mainGit = (context: HostContext): Git => guarded(context, context.record.repo?.root ?? context.record.cwd);

const guarded = (context: HostContext, cwd: string): Git =>
  guardGit(createGit({ cwd, env: gitEnvironment(context.env) }), () => requireSameGitConfig(context));
