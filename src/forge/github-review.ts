import * as z from 'zod';
import { ConduxtError } from '../errors.ts';
import { pullRequestNotFound, type Review, type ReviewComment } from './forge.ts';
import { inShape, type Gh, type GithubRepository } from './gh.ts';
import { authorSchema, commentOf } from './github-comments.ts';

const pullSchema = z.object({
  number: z.number(),
  title: z.string(),
  html_url: z.string(),
  state: z.string(),
  merged_at: z.string().nullish(),
  user: z.object({ login: z.string() }).nullish(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ full_name: z.string() }).nullish() }),
  base: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }) }),
});
const reviewsSchema = z.array(z.object({ ...authorSchema, state: z.string().nullish() }));
const inlineSchema = z.array(
  z.object({
    ...authorSchema,
    id: z.number(),
    path: z.string(),
    line: z.number().nullish(),
    in_reply_to_id: z.number().nullish(),
  }),
);
const conversationSchema = z.array(z.object(authorSchema));

/** A hundred of each kind is what one page holds, and more than an agent should be given at once. */
const ONE_PAGE = 'per_page=100';

/** The pull request, and all that was said about it: reviews, comments at lines, the conversation. */
export async function getGithubReview(gh: Gh, repository: GithubRepository, number: number): Promise<Review> {
  const { owner, name } = repository;
  const path = `repos/${owner}/${name}/pulls/${number}`;
  const answer = await gh.api(path);
  if (answer.type === 'not-found') throw pullRequestNotFound(number, `${repository.host}/${owner}/${name}`);
  const pull = inShape(pullSchema, answer.value, `pull request #${number}`);
  const list = async (where: string): Promise<unknown> => {
    const found = await gh.api(`${where}?${ONE_PAGE}`);
    return found.type === 'found' ? found.value : [];
  };
  const reviews = inShape(reviewsSchema, await list(`${path}/reviews`), 'reviews');
  const inline = inShape(inlineSchema, await list(`${path}/comments`), 'review comments');
  const conversation = inShape(
    conversationSchema,
    await list(`repos/${owner}/${name}/issues/${number}/comments`),
    'comments',
  );
  const resolved = inline.length === 0 ? new Map<number, boolean>() : await resolvedThreads(gh, repository, number);
  const comments: ReviewComment[] = [
    ...reviews.map((review) => ({ ...NO_PLACE, ...commentOf(review), kind: 'review' as const })),
    ...inline.map((comment) => ({
      ...commentOf(comment),
      kind: 'inline' as const,
      path: comment.path,
      line: comment.line ?? null,
      // Answers carry the id of the comment that began the thread.
      resolved: resolved.get(comment.in_reply_to_id ?? comment.id) ?? null,
    })),
    ...conversation.map((comment) => ({ ...NO_PLACE, ...commentOf(comment), kind: 'conversation' as const })),
  ].filter((comment) => comment.body.trim() !== '');
  return {
    number: pull.number,
    title: pull.title,
    url: pull.html_url,
    author: pull.user?.login ?? 'ghost',
    headBranch: pull.head.ref,
    baseBranch: pull.base.ref,
    headCommit: pull.head.sha,
    fromFork: pull.head.repo?.full_name !== pull.base.repo.full_name,
    state: typeof pull.merged_at === 'string' ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    comments,
  };
}

const NO_PLACE = { path: null, line: null, resolved: null } as const;

/** REST does not say which threads are resolved. */
const THREADS_QUERY = `query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100) { nodes { isResolved comments(first: 1) { nodes { databaseId } } } }
    }
  }
}`;
const threadsSchema = z.object({
  repository: z.object({
    pullRequest: z.object({
      reviewThreads: z.object({
        nodes: z.array(
          z.object({
            isResolved: z.boolean(),
            comments: z.object({ nodes: z.array(z.object({ databaseId: z.number().nullish() })) }),
          }),
        ),
      }),
    }),
  }),
});

/** First comment of each thread to whether it is resolved; empty when GitHub would not say: then all count as open. */
async function resolvedThreads(
  gh: Gh,
  { owner, name }: GithubRepository,
  number: number,
): Promise<Map<number, boolean>> {
  let value: unknown;
  try {
    value = await gh.graphql(THREADS_QUERY, { owner, name, number });
  } catch (error) {
    if (error instanceof ConduxtError) return new Map();
    throw error;
  }
  const parsed = threadsSchema.safeParse(value);
  if (!parsed.success) return new Map();
  return new Map(
    parsed.data.repository.pullRequest.reviewThreads.nodes.flatMap((thread): [number, boolean][] => {
      const first = thread.comments.nodes[0]?.databaseId;
      return typeof first !== 'number' ? [] : [[first, thread.isResolved]];
    }),
  );
}
