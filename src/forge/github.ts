import * as z from 'zod';
import { ConduxtError, ExitCode } from '../errors.ts';
import { cleanStderr } from '../git/git.ts';
import {
  issueIsPullRequest,
  issueNotFound,
  pullRequestNotFound,
  type Forge,
  type Issue,
  type NewPullRequest,
  type PullRequest,
  type PullRequestUpdate,
} from './forge.ts';
import { createGh, inShape, outputInShape, type Gh, type GithubRepository } from './gh.ts';
import { parseComments, trustOf } from './github-comments.ts';
import { getGithubReview } from './github-review.ts';
import { markOf, replaceOwnPart } from './own-part.ts';

/** Issues and pull requests of one GitHub repository, through gh. Nothing is asked until a method is called. */
export function createGithubForge(
  repository: GithubRepository,
  processEnv: Readonly<Record<string, string | undefined>>,
): Forge {
  const gh = createGh(repository, processEnv);
  return {
    name: 'github',
    getIssue: (number) => getIssue(gh, repository, number),
    findPullRequest: (branch) => findPullRequest(gh, branch),
    createPullRequest: (request) => createPullRequest(gh, request),
    updatePullRequest: (pullRequest, body) => updatePullRequest(gh, repository, pullRequest, body),
    getReview: (number) => getGithubReview(gh, repository, number),
  };
}

export const placeOf = ({ host, owner, name }: GithubRepository): string => `${host}/${owner}/${name}`;

const issueSchema = z.object({
  number: z.number(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullish(),
  author_association: z.string().nullish(),
  labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])).default([]),
  comments: z.number().default(0),
  pull_request: z.unknown().optional(),
});

const PAGE = 100;
/** Comments past these are counted, not read: nobody's task hangs on the 301st. */
const MAX_COMMENT_PAGES = 3;

async function getIssue(gh: Gh, repository: GithubRepository, number: number): Promise<Issue> {
  const path = `repos/${repository.owner}/${repository.name}/issues/${number}`;
  const answer = await gh.api(path);
  if (answer.type === 'not-found') {
    throw issueNotFound(number, placeOf(repository), 'Check the number, and that your login may read this repository.');
  }
  const issue = inShape(issueSchema, answer.value, `issue #${number}`);
  if (issue.pull_request !== undefined) throw issueIsPullRequest(number);
  const comments = [];
  for (let page = 1; page <= MAX_COMMENT_PAGES && (page - 1) * PAGE < issue.comments; page += 1) {
    const found = await gh.api(`${path}/comments?per_page=${PAGE}&page=${page}`);
    if (found.type === 'found') comments.push(...parseComments(found.value));
  }
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body ?? '',
    labels: issue.labels
      .map((label) => (typeof label === 'string' ? label : (label.name ?? '')))
      .filter((name) => name !== ''),
    url: issue.html_url,
    author: issue.user?.login ?? 'ghost',
    authorTrust: trustOf(issue.author_association),
    comments,
    commentsNotRead: Math.max(0, issue.comments - comments.length),
  };
}

/** The fields asked for and their parser are one list. */
const pullRequestSchema = z.object({
  number: z.number(),
  url: z.string(),
  title: z.string(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  headRefName: z.string(),
  baseRefName: z.string(),
  isDraft: z.boolean(),
  isCrossRepository: z.boolean(),
});
const PULL_REQUEST_FIELDS = Object.keys(pullRequestSchema.shape).join(',');

async function findPullRequest(gh: Gh, branch: string): Promise<PullRequest | null> {
  const args = ['pr', 'list', `--head=${branch}`, '--state=all', '--limit=50', `--json=${PULL_REQUEST_FIELDS}`];
  const result = await gh.command(args);
  if (result.exitCode !== 0) throw commandFailed('pr list', result.stderr);
  const found = outputInShape(z.array(pullRequestSchema), result.stdout, 'pull requests')
    // A stranger's fork may have a branch of the same name; gh lists its pull request, too.
    .filter((candidate) => !candidate.isCrossRepository && candidate.headRefName === branch);
  const best = found.find((candidate) => candidate.state === 'OPEN') ?? found[0];
  if (best === undefined) return null;
  return {
    number: best.number,
    url: best.url,
    title: best.title,
    state: stateOf(best.state),
    head: best.headRefName,
    base: best.baseRefName,
    draft: best.isDraft,
  };
}

const stateOf = (state: 'OPEN' | 'CLOSED' | 'MERGED'): PullRequest['state'] =>
  state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed';

async function createPullRequest(gh: Gh, request: NewPullRequest): Promise<PullRequest> {
  const known = await findPullRequest(gh, request.head);
  if (known?.state === 'open') return known;
  const args = [
    'pr',
    'create',
    `--title=${request.title}`,
    '--body-file=-',
    `--head=${request.head}`,
    `--base=${request.base}`,
    ...(request.draft ? ['--draft'] : []),
  ];
  const result = await gh.command(args, request.body);
  if (result.exitCode !== 0) {
    // Somebody was faster, or an earlier attempt was cut off after GitHub had said yes.
    const meanwhile = await findPullRequest(gh, request.head);
    if (meanwhile?.state === 'open') return meanwhile;
    throw commandFailed('pr create', result.stderr);
  }
  const [url, number] = /https?:\/\/\S+\/pull\/(\d+)/.exec(result.stdout) ?? [];
  if (url === undefined) throw commandFailed('pr create', `no address in its output: ${result.stdout}`);
  const { title, head, base, draft } = request;
  return { number: Number(number), url, title, state: 'open', head, base, draft };
}

/** GitHub refuses more. */
const MAX_BODY_CHARS = 65_536;

/**
 * Through the REST interface: `gh pr edit` asks for the cards of classic projects, which GitHub took away, so that up
 * to 2.46 it fails everywhere (cli/cli#11983).
 */
async function updatePullRequest(
  gh: Gh,
  repository: GithubRepository,
  { number }: PullRequest,
  body: string,
): Promise<PullRequestUpdate> {
  if (number === null) throw new Error('a pull request on GitHub has a number');
  const place = `repos/${repository.owner}/${repository.name}`;
  const answer = await gh.api(`${place}/pulls/${number}`);
  if (answer.type === 'not-found') throw pullRequestNotFound(number, placeOf(repository));
  const schema = z.object({ body: z.string().nullish(), comments: z.number().default(0) });
  const found = inShape(schema, answer.value, `pull request #${number}`);
  const edited = replaceOwnPart(found.body ?? '', body);
  if (edited !== null && edited.length <= MAX_BODY_CHARS) {
    if (edited === found.body) return 'unchanged';
    await gh.send('PATCH', `${place}/pulls/${number}`, { body: edited });
    return 'body';
  }
  const comments = `${place}/issues/${number}/comments`;
  const lastPage = await gh.api(`${comments}?per_page=${PAGE}&page=${Math.max(1, Math.ceil(found.comments / PAGE))}`);
  const newest = lastPage.type === 'found' ? parseComments(lastPage.value) : [];
  if (newest.some((comment) => comment.body.includes(markOf(body)))) return 'unchanged';
  await gh.send('POST', comments, { body });
  return 'comment';
}

const commandFailed = (command: string, stderr: string): ConduxtError =>
  new ConduxtError('gh-failed', ExitCode.prBlocked, `\`gh ${command}\` failed: ${cleanStderr(stderr)}`, {
    remedy: 'Look at what GitHub says, and at gh auth status.',
    facts: { command, stderr: cleanStderr(stderr) },
  });
