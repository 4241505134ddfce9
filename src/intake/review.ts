import { notFound, refused, type ConduxtError } from '../errors.ts';
import type { Review, ReviewComment } from '../forge/forge.ts';
import type { Material } from './brief.ts';

/** What a review asks for, as far as it comes from people the repository trusts. */
export interface ActionItems {
  readonly material: readonly Material[];
  readonly notes: readonly string[];
  /** Comments by people the repository does not vouch for: left out. */
  readonly untrusted: number;
  /** Comments in threads that were resolved: left out. */
  readonly resolved: number;
}

/**
 * The open comments of trusted reviewers, those at lines first, one piece each.
 * @throws `pr-not-open`, `review-from-fork` (exit 6), `no-review-comments` (exit 4).
 */
export function actionItems(review: Review): ActionItems {
  if (review.state !== 'open') throw notOpen(review);
  if (review.fromFork) throw fromFork(review);
  const trusted = review.comments.filter((comment) => comment.trust === 'trusted');
  const open = trusted.filter((comment) => comment.resolved !== true);
  const [untrusted, resolved] = [review.comments.length - trusted.length, trusted.length - open.length];
  if (open.length === 0) throw nothingToDo(review, untrusted, resolved);
  const ordered = open.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  const material = ordered.map((comment, index) => ({ label: labelOf(comment, index + 1), text: comment.body }));
  return { material, notes: notesOf(untrusted, resolved), untrusted, resolved };
}

const ORDER = { inline: 0, review: 1, conversation: 2 } as const;

function labelOf(comment: ReviewComment, number: number): string {
  const line = comment.line === null ? '' : `, line ${comment.line}`;
  const place = comment.path === null ? '' : ` at ${comment.path}${line}`;
  return `Review comment ${number} by ${comment.author}${place}`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function notesOf(untrusted: number, resolved: number): string[] {
  return [
    ...(untrusted > 0
      ? [`Left out: ${count(untrusted, 'comment')} by people who are not members of the repository.`]
      : []),
    ...(resolved > 0 ? [`Left out: ${count(resolved, 'comment')} in threads that are resolved.`] : []),
  ];
}

const notOpen = (review: Review): ConduxtError =>
  refused('pr-not-open', `Pull request #${review.number} is ${review.state}, so its branch takes no more work.`, {
    remedy: 'Start a new task with conduxt run.',
    facts: { number: review.number, state: review.state },
  });

const fromFork = (review: Review): ConduxtError =>
  refused('review-from-fork', `Pull request #${review.number} comes from a fork, where conduxt cannot push.`, {
    remedy: 'Work on it in a clone of the fork.',
    facts: { number: review.number },
  });

const nothingToDo = (review: Review, untrusted: number, resolved: number): ConduxtError =>
  notFound(
    'no-review-comments',
    `Pull request #${review.number} has no open review comment to work on ` +
      `(${count(resolved, 'resolved comment')}, ${untrusted} by people who are not members).`,
    {
      remedy: 'Say what to do in words: conduxt tell, or conduxt run.',
      facts: { number: review.number, untrusted, resolved },
    },
  );
