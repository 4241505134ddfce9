import { notFound, usageError, type ConduxtError } from '../errors.ts';
import type { ForgeName } from '../session/record.ts';

/** Where issues and pull requests live. Two implementations: `github.ts` (through gh) and `local.ts` (files). */
export interface Forge {
  readonly name: ForgeName;
  /** @throws `issue-not-found` (exit 4), `issue-is-pull-request` (exit 2), and what keeps the forge from being asked. */
  getIssue(number: number): Promise<Issue>;
  /** The pull request of a branch of this repository: an open one before the newest of the others; null for none. */
  findPullRequest(branch: string): Promise<PullRequest | null>;
  /** Opens a pull request, or returns the open one this branch already has, unchanged. */
  createPullRequest(request: NewPullRequest): Promise<PullRequest>;
  /**
   * Puts `body` (of `markOwnPart`) in the place of our part of an open pull request. What people wrote stays: when our
   * part is gone or edited, it is added below instead. Safe to repeat. @throws `pr-not-found` (exit 4).
   */
  updatePullRequest(pullRequest: PullRequest, body: string): Promise<PullRequestUpdate>;
  /** What reviewers said about a pull request. @throws `pr-not-found` (exit 4). */
  getReview(number: number): Promise<Review>;
}

/**
 * Whether the forge vouches for an author: owner, member or collaborator of the repository. `unknown` when it does not
 * say; whoever decides by it treats that as untrusted.
 */
export type Trust = 'trusted' | 'untrusted' | 'unknown';

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly url: string | null;
  readonly author: string;
  readonly authorTrust: Trust;
  readonly comments: readonly Comment[];
  /** Comments beyond those that were fetched. */
  readonly commentsNotRead: number;
}

export interface Comment {
  readonly author: string;
  readonly trust: Trust;
  readonly body: string;
}

export interface PullRequest {
  /** Null where the forge has no numbers. */
  readonly number: number | null;
  readonly url: string;
  readonly title: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

/** Where the new text is; `unchanged` when it was there already. */
export type PullRequestUpdate = 'body' | 'comment' | 'unchanged';

export interface NewPullRequest {
  readonly title: string;
  readonly body: string;
  /** Branch names. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

export interface Review {
  readonly number: number;
  readonly title: string;
  readonly url: string | null;
  readonly author: string;
  readonly headBranch: string;
  readonly baseBranch: string;
  readonly headCommit: string;
  /** True when the branch is in another repository, where we cannot push. */
  readonly fromFork: boolean;
  readonly state: PullRequest['state'];
  readonly comments: readonly ReviewComment[];
}

export interface ReviewComment extends Comment {
  /** `review`: the text of a whole review; `inline`: at a line; `conversation`: below the pull request. */
  readonly kind: 'review' | 'inline' | 'conversation';
  readonly path: string | null;
  /** Line in the new file; null for a whole file, or when the line is gone. */
  readonly line: number | null;
  /** True when its thread was resolved; null when the forge does not say. */
  readonly resolved: boolean | null;
}

export const issueNotFound = (number: number, where: string, remedy: string): ConduxtError =>
  notFound('issue-not-found', `There is no issue #${number} in ${where}.`, { remedy, facts: { number, where } });

export const pullRequestNotFound = (number: number, where: string): ConduxtError =>
  notFound('pr-not-found', `There is no pull request #${number} in ${where}.`, {
    remedy: 'Check the number, and that this is the right repository.',
    facts: { number, where },
  });

export const issueIsPullRequest = (number: number): ConduxtError =>
  usageError('issue-is-pull-request', `#${number} is a pull request, not an issue.`, {
    remedy: `To work on its review comments: conduxt run --review ${number}`,
    facts: { number },
  });
