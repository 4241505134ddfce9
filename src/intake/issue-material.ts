import type { Comment, Issue } from '../forge/forge.ts';
import type { Material } from './brief.ts';

/** A discussion may be longer than what an agent should read; its end is what is left out. */
const MAX_COMMENT_CHARS = 128 * 1024;

export interface IssueMaterial {
  readonly material: readonly Material[];
  readonly notes: readonly string[];
  readonly included: number;
  readonly omitted: number;
}

/**
 * An issue as material for the agent: its text, and the comments of people the repository vouches for. A stranger's
 * comment below a member's issue is the easiest way to put words into an agent's prompt, so it stays out.
 */
export function issueMaterial(issue: Issue): IssueMaterial {
  const trusted = issue.comments.filter((comment) => comment.trust === 'trusted');
  const included = withinBudget(trusted);
  const strangers = issue.comments.length - trusted.length;
  const tooMuch = trusted.length - included.length + issue.commentsNotRead;
  const labels = issue.labels.length === 0 ? '' : `, labelled ${issue.labels.join(', ')}`;
  const text = [issue.title, issue.body.trim()].filter((part) => part !== '').join('\n\n');
  return {
    material: [
      { label: `Issue #${issue.number} by ${issue.author}${labels}`, text },
      ...included.map((comment) => ({ label: `Comment by ${comment.author}`, text: comment.body })),
    ],
    notes: [
      ...(strangers > 0 ? [`Left out: ${counted(strangers)} by people who are not members of the repository.`] : []),
      ...(tooMuch > 0 ? [`Left out: ${counted(tooMuch)} at the end of a long discussion.`] : []),
    ],
    included: included.length,
    omitted: strangers + tooMuch,
  };
}

function withinBudget(comments: readonly Comment[]): Comment[] {
  let left = MAX_COMMENT_CHARS;
  const end = comments.findIndex((comment) => (left -= comment.body.length) < 0);
  return end < 0 ? [...comments] : comments.slice(0, end);
}

const counted = (number: number): string => `${number} ${number === 1 ? 'comment' : 'comments'}`;
