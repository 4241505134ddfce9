import * as z from 'zod';
import type { Comment, Trust } from './forge.ts';
import { inShape } from './gh.ts';

/** Who may write to the repository, or belongs to the organisation that owns it. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** GitHub's `author_association`. Everything else it may say (`CONTRIBUTOR`, `NONE`, …) vouches for nobody. */
export function trustOf(association: string | null | undefined): Trust {
  if (association === null || association === undefined || association === '') return 'unknown';
  return TRUSTED.has(association) ? 'trusted' : 'untrusted';
}

export const authorSchema = {
  user: z.object({ login: z.string() }).nullish(),
  author_association: z.string().nullish(),
  body: z.string().nullish(),
};

const commentsSchema = z.array(z.object(authorSchema));

export const parseComments = (value: unknown): Comment[] => inShape(commentsSchema, value, 'comments').map(commentOf);

/** A deleted account shows as `ghost`, as on GitHub's own pages. */
export const commentOf = (comment: z.infer<typeof commentsSchema>[number]): Comment => ({
  author: comment.user?.login ?? 'ghost',
  trust: trustOf(comment.author_association),
  body: comment.body ?? '',
});
