import type { TestCounts } from './callback.ts';

/** Proof of one verification: what was run, where, and what came out. Journaled whole and printed in the PR body. */
export interface Receipt {
  readonly commit: string;
  /** The command as a person would type it. */
  readonly command: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Null: the runner's output is not one we can count. */
  readonly counts: TestCounts | null;
  readonly durationMs: number;
  /** SHA-256 of the complete output, kept at `logFile`. */
  readonly logSha256: string;
  readonly logFile: string;
  readonly verdict: Verdict;
  /** Tests, test settings and scripts the agent changed: shown to the reviewer. */
  readonly changedJudges: readonly string[];
  /** Tracked files that the tests themselves changed and nobody committed; absent when there are none. */
  readonly changedByTests?: readonly string[];
  /** The same command in a fresh checkout of the commit; absent when nothing asked for it. */
  readonly fresh?: FreshRun;
  /** Other local branches that the agent moved to commits of this task; absent when there are none. */
  readonly movedBranches?: readonly MovedBranch[];
  readonly at: string;
}

/**
 * A second run where there is only what git carries. `red`: the receipt is that of this run. `unjudged` (`why`): the base
 * commit lacks the same there, or, of a receipt that is `not-runnable`, no checkout could be made. `off`: it was called
 * for, and is switched off.
 */
export interface FreshRun {
  /** What asked for it, as a clause: `the tests changed sum.txt`. */
  readonly because: string;
  readonly result: 'green' | 'red' | 'unjudged' | 'off';
  /** For `unjudged`. */
  readonly why?: string;
  readonly durationMs: number;
}

export interface MovedBranch {
  readonly branch: string;
  /** Full hashes: `git update-ref refs/heads/<branch> <from> <to>` brings it back. */
  readonly from: string;
  readonly to: string;
}

/**
 * `green` is the only pass. Each other word names why not.
 *
 * - `red`: the command failed, or counted failures.
 * - `no-tests`: it passed without running a single test.
 * - `dirty`: uncommitted changes, so the commit is not what was tested.
 * - `astray`: another branch is checked out, or the branch lost its base: what was tested would not be delivered.
 * - `no-change`: what was committed on top of the base changes nothing.
 * - `timeout`: it did not end in time.
 * - `not-runnable`: it could not be started, or not in the fresh checkout that a pass has to be confirmed in.
 * - `head-moved`: the commit changed while it was being tested.
 */
export type Verdict =
  | { readonly type: 'green' }
  | { readonly type: 'red'; readonly excerpt: string }
  | { readonly type: 'no-tests'; readonly excerpt: string }
  | { readonly type: 'dirty'; readonly files: readonly string[] }
  | { readonly type: 'astray'; readonly why: string }
  | { readonly type: 'no-change' }
  | { readonly type: 'timeout'; readonly excerpt: string }
  | { readonly type: 'not-runnable'; readonly reason: string }
  | { readonly type: 'head-moved'; readonly now: string };
