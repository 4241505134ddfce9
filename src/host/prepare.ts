import path from 'node:path';
import { ConduxtError } from '../errors.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import { openRepository } from '../git/repository.ts';
import { addWorktree } from '../git/worktree.ts';
import { prepareWorktree, type PrepareInput, type SetupResult } from '../verify/setup.ts';
import { OUTSIDE } from '../verify/setup-files.ts';
import { verificationEnvironment } from '../verify/environment.ts';
import { stepMarker } from './agent-seat.ts';
import { requireTask, type HostContext } from './context.ts';
import { endTask } from './end-task.ts';
import { acceptGitConfig } from './git-config.ts';
import { insideSandbox } from './sandbox.ts';
import { rememberExcludes } from './worktree-state.ts';

/** Makes the task's worktree; what cannot be made ends the task with the reason. */
export async function prepareTaskWorktree(context: HostContext): Promise<void> {
  const { record, log, env } = context;
  const task = requireTask(context);
  try {
    if (!(await acceptGitConfig(context))) return;
    const repo = await openRepository(record.repo?.root ?? record.cwd, gitEnvironment(env));
    const made = await addWorktree({
      repo,
      path: record.cwd,
      branch: task.branch,
      baseCommit: task.baseCommit,
      adopt: task.adopted,
    });
    rememberExcludes(context);
    await log.appendPatiently({
      type: 'worktree-ready',
      path: made.path,
      branch: made.branch,
      baseCommit: task.baseCommit,
      created: made.created,
    });
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    await endTask(context, { end: 'failed', reason: error.message, code: 'set-up-failed' });
  }
}

/** Makes the worktree runnable: copied and linked files, then the set-up commands. */
export async function setUpTaskWorktree(context: HostContext, signal: AbortSignal): Promise<void> {
  const { record, log, env, paths } = context;
  const task = requireTask(context);
  const result = await prepareOrRefuse({
    worktree: record.cwd,
    mainCheckout: record.repo?.root ?? record.cwd,
    plan: task.setup,
    env: verificationEnvironment(env),
    ...insideSandbox(context),
    secrets: context,
    logFile: path.join(paths.run, 'setup.log'),
    sessionId: stepMarker(record.id),
    signal,
  });
  if (signal.aborted) return;
  if (result instanceof ConduxtError)
    return endTask(context, { end: 'failed', reason: result.message, code: 'set-up-failed' });
  for (const note of result.excerpt.split('\n').filter((line) => result.ok && line.startsWith(OUTSIDE)))
    await log.appendPatiently({ type: 'milestone', level: 'warn', text: context.redact(note) });
  await log.appendPatiently({
    type: 'setup-finished',
    ok: result.ok,
    command: result.command,
    exitCode: result.exitCode,
    excerpt: context.redact(result.excerpt),
    durationMs: result.durationMs,
  });
}

/** A plan that cannot be carried out is an outcome: the next host would meet it again. */
async function prepareOrRefuse(input: PrepareInput): Promise<SetupResult | ConduxtError> {
  try {
    return await prepareWorktree(input);
  } catch (error) {
    if (error instanceof ConduxtError) return error;
    throw error;
  }
}
