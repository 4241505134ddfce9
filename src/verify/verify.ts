import { dirname } from 'node:path';
import type { FileStatus } from '../git/status.ts';
import type { TestCounts } from '../session/callback.ts';
import type { Receipt, Verdict } from '../session/receipt.ts';
import type { VerifyPlan } from '../session/record.ts';
import type { BaseTree } from './base-tree.ts';
import { parseCounts, ranNothing } from './counts.ts';
import { failureExcerpt } from './excerpt.ts';
import { changedJudges } from './judges.ts';
import { commandWords } from './named-judges.ts';
import { memoryFile, remember, withoutRemembered } from './left-by-tests.ts';
import { openOutputLog } from './output-log.ts';
import { commandText, runLogged, type LoggedRun, type LoggedRunInput } from './run-logged.ts';

export interface VerifyInput {
  /** Absolute path of the task's worktree. */
  readonly worktree: string;
  readonly plan: Extract<VerifyPlan, { type: 'command' }>;
  /** The files of the commit the work began at: what the command leads to there judges it. */
  readonly baseTree: BaseTree;
  /** The complete environment (`verificationEnvironment`). */
  readonly env: Readonly<Record<string, string>>;
  /** Where the complete output goes (0600). What tests leave in the worktree is remembered in the same directory. */
  readonly logFile: string;
  /** The marker of what is started, and swept at the end: not the agent's own. */
  readonly sessionId: string;
  /** Ends the run; the receipt of an aborted verification means nothing and must not be recorded. */
  readonly signal: AbortSignal;
  readonly inside?: LoggedRunInput['inside'];
  readonly secrets?: LoggedRunInput['secrets'];
  /** ISO time. */
  readonly now: () => string;
  /** Full hash of the worktree's HEAD. */
  readonly head: () => Promise<string>;
  /** Why what is checked out is not the work that would be delivered, as a clause; null when it is. */
  readonly astray: () => Promise<string | null>;
  /** Files with uncommitted changes, and files git neither knows nor ignores. */
  readonly dirty: () => Promise<FileStatus>;
  /** Files that differ between the base commit and HEAD, under both names where one was moved. */
  readonly changed: () => Promise<readonly string[]>;
}

const MAX_FILES_NAMED = 50;
const allOf = ({ dirty, untracked }: FileStatus): readonly string[] => [...dirty, ...untracked];

/**
 * Runs the tests of a worktree at its committed state and says what came of it. Safe to repeat.
 * @throws ConduxtError `log-not-written`
 */
export async function verify(input: VerifyInput): Promise<Receipt> {
  const { plan, worktree } = input;
  const memory = memoryFile(dirname(input.logFile), worktree);
  const commit = await input.head();
  const why = await input.astray();
  const changed = why === null ? await input.changed() : [];
  const judges = changedJudges(changed, plan.runner, await commandWords(plan.command, input.baseTree));
  const work = await withoutRemembered(memory, worktree, allOf(await input.dirty()));
  const receipt = (verdict: Verdict, ran: Ran): Receipt => ({
    commit,
    command: commandText(plan.command),
    exitCode: ran.exitCode,
    signal: ran.signal,
    counts: ran.counts,
    durationMs: ran.durationMs,
    logSha256: ran.logSha256,
    logFile: input.logFile,
    verdict,
    changedJudges: judges,
    at: input.now(),
    ...(ran.changed.length > 0 ? { changedByTests: ran.changed.slice(0, MAX_FILES_NAMED) } : {}),
  });

  const log = await openOutputLog(input.logFile);
  const unrun = async (verdict: Verdict): Promise<Receipt> =>
    receipt(verdict, { ...NOT_RUN, logSha256: (await log.end()).sha256 });
  if (why !== null) return unrun({ type: 'astray', why });
  if (work.length > 0) return unrun({ type: 'dirty', files: work.slice(0, MAX_FILES_NAMED) });
  // Empty commits, and commits that take each other back, change nothing either.
  if (changed.length === 0) return unrun({ type: 'no-change' });

  const running = runLogged({ ...input, command: plan.command, cwd: worktree, log, timeoutMs: plan.timeoutMs });
  // The log is closed also when the run throws.
  const run = await running.finally(() => log.end());
  const { sha256, tail } = await log.end();
  const counts = run.startError === null ? parseCounts(tail) : null;
  const headAfter = await input.head();
  const strayed = await input.astray();
  const left = await input.dirty();
  await remember(memory, worktree, allOf(left));
  const verdict: Verdict =
    headAfter === commit && strayed === null
      ? verdictOf(run, counts, () => failureExcerpt(tail))
      : { type: 'head-moved', now: headAfter };
  return receipt(verdict, { ...run, counts, logSha256: sha256, changed: left.dirty });
}

interface Ran extends Pick<LoggedRun, 'exitCode' | 'signal' | 'durationMs'> {
  readonly counts: TestCounts | null;
  readonly logSha256: string;
  readonly changed: readonly string[];
}
const NOT_RUN = { exitCode: null, signal: null, durationMs: 0, counts: null, changed: [] } as const;

/** A pass is an exit code of 0, no counted failure, and at least one test, unless the runner's output cannot be counted. */
export function verdictOf(run: LoggedRun, counts: TestCounts | null, excerpt: () => string): Verdict {
  if (run.startError !== null) return { type: 'not-runnable', reason: startProblem(run.startError) };
  if (run.timedOut) return { type: 'timeout', excerpt: excerpt() };
  if (run.exitCode !== 0 || (counts?.failed ?? 0) > 0) return { type: 'red', excerpt: excerpt() };
  if (ranNothing(counts)) return { type: 'no-tests', excerpt: excerpt() };
  return { type: 'green' };
}

function startProblem({ code, message }: NonNullable<LoggedRun['startError']>): string {
  if (code === 'ENOENT') return 'the program was not found on the PATH';
  return code === 'EACCES' ? 'the program may not be executed' : message;
}
