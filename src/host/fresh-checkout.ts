import { existsSync } from 'node:fs';
import path from 'node:path';
import { isoTime } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { addScratchWorktree, removeScratchWorktree, type ScratchPlace } from '../git/scratch-worktree.ts';
import { treeAt } from '../git/tree.ts';
import type { Receipt } from '../session/receipt.ts';
import { verificationEnvironment } from '../verify/environment.ts';
import type { CheckoutRun } from '../verify/same-lack.ts';
import { prepareWorktree } from '../verify/setup.ts';
import { verify } from '../verify/verify.ts';
import { stepMarker } from './agent-seat.ts';
import { requireTask, type HostContext } from './context.ts';
import { insideSandbox } from './sandbox.ts';
import { worktreeGit } from './worktree-git.ts';

/**
 * Sets up and tests a commit in a scratch worktree of our own, which holds only what git carries, and removes it.
 * @param name of the log files
 * @returns null when it was interrupted
 * @throws ConduxtError when there can be no such worktree
 */
export async function testInFreshCheckout(
  context: HostContext,
  commit: string,
  name: 'baseline' | 'fresh',
  signal: AbortSignal,
): Promise<CheckoutRun | null> {
  const place = scratchOf(context);
  try {
    await addScratchWorktree(worktreeGit(context), place, commit);
    const run = await testScratch(context, { scratch: place.path, commit, name, signal });
    return signal.aborted ? null : run;
  } finally {
    await removeScratchWorktree(place).catch((error: unknown) => context.note(`${name}: ${messageOf(error)}`));
  }
}

/** One place for all runs, so that what they print about it is the same. */
function scratchOf({ paths, record }: HostContext): ScratchPlace {
  if (record.repo === null) throw new Error('a task without a repository has no fresh checkout');
  return { commonDir: record.repo.commonDir, path: path.join(paths.run, 'checkout') };
}

/** A host that was killed in the middle left its scratch worktree in the person's list of worktrees. */
export async function sweepFreshCheckout(context: HostContext): Promise<void> {
  if (context.record.repo === null) return;
  const place = scratchOf(context);
  if (!existsSync(place.path)) return;
  await removeScratchWorktree(place).catch((error: unknown) => context.note(`fresh checkout: ${messageOf(error)}`));
}

interface ScratchInput {
  readonly scratch: string;
  readonly commit: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

async function testScratch(
  context: HostContext,
  { scratch, commit, name, signal }: ScratchInput,
): Promise<CheckoutRun | null> {
  const { record, env, paths, clock, redact } = context;
  const task = requireTask(context);
  if (task.verify.type !== 'command') return null;
  const common = {
    env: verificationEnvironment(env),
    ...insideSandbox(context),
    secrets: context,
    sessionId: stepMarker(record.id),
    signal,
  };
  const setup = await prepareWorktree({
    ...common,
    worktree: scratch,
    mainCheckout: record.repo?.root ?? record.cwd,
    plan: task.setup,
    logFile: path.join(paths.run, `${name}-setup.log`),
  });
  if (!setup.ok) return { type: 'not-set-up', excerpt: redact(setup.excerpt) };
  const receipt = await verify({
    ...common,
    worktree: scratch,
    plan: task.verify,
    baseTree: treeAt(worktreeGit(context), task.baseCommit),
    logFile: path.join(paths.run, `${name}.log`),
    now: () => isoTime(clock.now()),
    astray: async () => null,
    head: async () => commit,
    dirty: async () => ({ dirty: [], untracked: [] }),
    changed: async () => ['everything'],
  });
  return { type: 'tested', receipt: redacted(receipt, redact) };
}

/** The excerpt is output of the tests, and goes to the agent. */
export function redacted(receipt: Receipt, redact: (text: string) => string): Receipt {
  const { verdict } = receipt;
  return 'excerpt' in verdict ? { ...receipt, verdict: { ...verdict, excerpt: redact(verdict.excerpt) } } : receipt;
}
