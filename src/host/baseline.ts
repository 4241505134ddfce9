import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isoTime } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import type { Git } from '../git/git.ts';
import { treeAt } from '../git/tree.ts';
import type { Receipt } from '../session/receipt.ts';
import { verificationEnvironment } from '../verify/environment.ts';
import { prepareWorktree } from '../verify/setup.ts';
import { verify } from '../verify/verify.ts';
import { stepMarker } from './agent-seat.ts';
import { requireTask, type HostContext } from './context.ts';
import { mainGit, worktreeGit } from './worktree-git.ts';
import { insideSandbox } from './sandbox.ts';

/**
 * Runs the tests of the base commit in a scratch worktree of our own, to tell what was red before the agent came. Only
 * when a verification was red: the green way pays nothing for it. A baseline that cannot be had is no reason to stop.
 */
export async function checkBaseline(context: HostContext, signal: AbortSignal): Promise<void> {
  const { log } = context;
  const git = worktreeGit(context);
  const scratch = scratchOf(context);
  try {
    await removeScratch(git, scratch);
    const { baseCommit } = requireTask(context);
    await git.run(['worktree', 'add', '--detach', '--force', '--end-of-options', scratch, baseCommit]);
    const receipt = await testScratch(context, scratch, signal);
    if (receipt === null || signal.aborted) return;
    await log.appendPatiently({ type: 'baseline-checked', receipt });
  } catch (error) {
    if (isConfigChanged(error)) throw error;
    context.note(`baseline: ${context.redact(messageOf(error))}`);
  } finally {
    await removeScratch(git, scratch).catch((error: unknown) => context.note(`baseline: ${messageOf(error)}`));
  }
}

const scratchOf = ({ paths }: HostContext): string => path.join(paths.run, 'baseline');

/** A host that was killed in the middle left its scratch worktree in the person's list of worktrees. */
export async function sweepBaseline(context: HostContext): Promise<void> {
  if (!existsSync(scratchOf(context))) return;
  await removeScratch(mainGit(context), scratchOf(context)).catch((error: unknown) =>
    context.note(`baseline: ${messageOf(error)}`),
  );
}

/**
 * The scratch worktree is ours alone and holds nobody's work. By its name, never by `git worktree prune`: that would also
 * forget a person's worktree on a disk that is not mounted now.
 */
async function removeScratch(git: Git, scratch: string): Promise<void> {
  // Exit 128: there is none.
  await git.run(['worktree', 'remove', '--force', '--force', '--end-of-options', scratch], { okCodes: [0, 128] });
  rmSync(scratch, { recursive: true, force: true });
}

async function testScratch(context: HostContext, scratch: string, signal: AbortSignal): Promise<Receipt | null> {
  const { record, env, paths, clock, redact } = context;
  const task = requireTask(context);
  if (task.verify.type !== 'command') return null;
  const common = {
    env: verificationEnvironment(env),
    ...insideSandbox(context),
    sessionId: stepMarker(record.id),
    signal,
  };
  const setup = await prepareWorktree({
    ...common,
    worktree: scratch,
    mainCheckout: record.repo?.root ?? record.cwd,
    plan: task.setup,
    logFile: path.join(paths.run, 'baseline-setup.log'),
  });
  if (!setup.ok) return null;
  const receipt = await verify({
    ...common,
    worktree: scratch,
    plan: task.verify,
    baseTree: treeAt(worktreeGit(context), task.baseCommit),
    logFile: path.join(paths.run, 'baseline.log'),
    now: () => isoTime(clock.now()),
    astray: async () => null,
    head: async () => task.baseCommit,
    dirty: async () => [],
    changed: async () => ['everything'],
  });
  const { verdict } = receipt;
  return 'excerpt' in verdict ? { ...receipt, verdict: { ...verdict, excerpt: redact(verdict.excerpt) } } : receipt;
}
