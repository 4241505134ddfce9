import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the scripted GitHub holds. Fields are named as in GitHub's REST answers. */
export interface ScriptedGithub {
  readonly owner: string;
  readonly name: string;
  readonly issues?: readonly ScriptedIssue[];
  /** Pull requests that are there already; only what gh lists. */
  readonly pulls?: readonly ScriptedPull[];
  /** Raw REST answers by path, for what has no field of its own (`/repos/o/r/pulls/5/comments`). */
  readonly rest?: Readonly<Record<string, unknown>>;
  /** Answer to a GraphQL query for review threads. */
  readonly reviewThreads?: readonly { readonly isResolved: boolean; readonly firstCommentId: number }[];
  /** The token that is accepted; anything else gets 401. */
  readonly token?: string;
}

export interface ScriptedIssue {
  readonly number: number;
  readonly title: string;
  readonly body?: string | null;
  readonly labels?: readonly string[];
  readonly user?: string;
  readonly author_association?: string;
  readonly comments?: readonly { readonly user: string; readonly author_association?: string; readonly body: string }[];
  readonly isPullRequest?: boolean;
}

export interface ScriptedPull {
  readonly number: number;
  readonly title: string;
  readonly state: 'OPEN' | 'CLOSED' | 'MERGED';
  readonly headRefName: string;
  readonly baseRefName: string;
  readonly isDraft?: boolean;
  readonly isCrossRepository?: boolean;
}

export interface CreatedPull {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  /** A test may write here what a person edited. */
  body: string;
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

/** A running GitHub of our own. `close` must be called. */
export interface GithubApi {
  /** For the environment of gh: its configuration leads to the socket, with a token that is accepted. */
  readonly env: { readonly GH_CONFIG_DIR: string };
  /** Pull requests made through the API, in order. They are listed from then on. */
  readonly created: readonly CreatedPull[];
  /** Comments made through the API, by number of the pull request. */
  readonly comments: ReadonlyMap<number, readonly string[]>;
  /** `GET /repos/…` and `POST /graphql PullRequestCreate`, in order. */
  readonly requests: readonly string[];
  /** Requests nobody scripted an answer for: a test should find this empty. */
  readonly unexpected: readonly string[];
  /** From now on nobody answers, as without a network; the login stays. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

/** Serves the part of GitHub's API that gh 2.23 uses, on a unix socket that only its configuration names. */
export async function startGithubApi(script: ScriptedGithub): Promise<GithubApi> {
  const directory = mkdtempSync(join(tmpdir(), 'conduxt-gh-'));
  const socket = join(directory, 'api.sock');
  const token = script.token ?? 'scripted-token';
  writeFileSync(join(directory, 'config.yml'), `http_unix_socket: ${socket}\ngit_protocol: https\nprompt: disabled\n`);
  writeFileSync(
    join(directory, 'hosts.yml'),
    'github.com:\n    user: tester\n    oauth_token: scripted-token\n    git_protocol: https\n',
    { mode: 0o600 },
  );
  const created: CreatedPull[] = [];
  const comments = new Map<number, string[]>();
  const requests: string[] = [];
  const unexpected: string[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const answer =
        request.headers.authorization === `token ${token}`
          ? request.url === '/graphql'
            ? graphql(script, created, body)
            : (edit(script, created, comments, request.method ?? '', request.url ?? '', body) ??
              rest(script, request.method ?? '', request.url ?? ''))
          : { status: 401, label: 'unauthorized', value: { message: 'Bad credentials' } };
      requests.push(`${request.method} ${request.url}${request.url === '/graphql' ? ` ${answer.label}` : ''}`);
      if (answer.label === 'unexpected') unexpected.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(answer.value));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const hangUp = async (): Promise<void> => {
    server.closeAllConnections();
    // Called a second time, it reports that it is not running: that is what was wanted.
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    env: { GH_CONFIG_DIR: directory },
    created,
    comments,
    requests,
    unexpected,
    hangUp,
    close: async () => {
      await hangUp();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Answer {
  readonly status: number;
  readonly label: string;
  readonly value: unknown;
}

function rest(script: ScriptedGithub, method: string, url: string): Answer {
  const { pathname, searchParams } = new URL(url, 'https://api.github.com');
  const repo = `/repos/${script.owner}/${script.name}`;
  const found = (value: unknown): Answer => ({ status: 200, label: pathname, value });
  if (method !== 'GET') return { status: 405, label: 'unexpected', value: { message: 'Not scripted' } };
  if (pathname === '/user') return found({ login: 'tester' });
  if (script.rest !== undefined && Object.hasOwn(script.rest, pathname)) return found(script.rest[pathname]);
  const [, number, comments] = new RegExp(`^${repo}/issues/(\\d+)(/comments)?$`).exec(pathname) ?? [];
  const issue = script.issues?.find((candidate) => candidate.number === Number(number));
  if (issue !== undefined && comments !== undefined) {
    const size = Number(searchParams.get('per_page') ?? 30);
    const from = (Number(searchParams.get('page') ?? 1) - 1) * size;
    return found(
      (issue.comments ?? []).slice(from, from + size).map((comment) => ({ ...comment, user: { login: comment.user } })),
    );
  }
  if (issue !== undefined) return found(restIssue(script, issue));
  return { status: 404, label: 'not found', value: { message: 'Not Found' } };
}

/** The REST calls for a pull request that was made here: read it, change its text, comment on it. */
function edit(
  script: ScriptedGithub,
  created: readonly CreatedPull[],
  comments: Map<number, string[]>,
  method: string,
  url: string,
  body: string,
): Answer | null {
  const { pathname } = new URL(url, 'https://api.github.com');
  const pattern = new RegExp(`^/repos/${script.owner}/${script.name}/(pulls/(\\d+)|issues/(\\d+)/comments)$`);
  const [, , pulls, issues] = pattern.exec(pathname) ?? [];
  const pull = created.find((candidate) => candidate.number === Number(pulls ?? issues));
  if (pull === undefined) return null;
  const said = comments.get(pull.number) ?? [];
  const text = method === 'GET' ? '' : String(recordOf(JSON.parse(body))['body']);
  if (pulls !== undefined && method === 'PATCH') pull.body = text;
  if (issues !== undefined && method === 'POST') comments.set(pull.number, [...said, text]);
  if (issues !== undefined && method === 'GET')
    return { status: 200, label: pathname, value: said.map((one) => ({ user: { login: 'tester' }, body: one })) };
  const value = { number: pull.number, body: pull.body, comments: said.length };
  return { status: method === 'POST' ? 201 : 200, label: pathname, value };
}

const restIssue = (script: ScriptedGithub, issue: ScriptedIssue): unknown => ({
  number: issue.number,
  title: issue.title,
  body: issue.body ?? null,
  html_url: `https://github.com/${script.owner}/${script.name}/issues/${issue.number}`,
  user: { login: issue.user ?? 'owner' },
  author_association: issue.author_association ?? 'OWNER',
  labels: (issue.labels ?? []).map((name) => ({ id: 1, name, color: 'fff' })),
  comments: issue.comments?.length ?? 0,
  ...(issue.isPullRequest === true ? { pull_request: { url: 'x' } } : {}),
});

function graphql(script: ScriptedGithub, created: CreatedPull[], body: string): Answer {
  const { query, variables } = parseQuery(body);
  const ok = (label: string, data: unknown): Answer => ({ status: 200, label, value: { data } });
  if (/\bquery PullRequestList\b/.test(query)) {
    const states = Array.isArray(variables['state']) ? variables['state'] : ['OPEN'];
    const nodes = allPulls(script, created).filter(
      (pull) => pull.headRefName === variables['headBranch'] && states.includes(pull.state),
    );
    const pageInfo = { hasNextPage: false, endCursor: '' };
    return ok('PullRequestList', { repository: { pullRequests: { totalCount: nodes.length, nodes, pageInfo } } });
  }
  if (/\bquery RepositoryInfo\b/.test(query)) {
    const repository = { id: 'R_1', name: script.name, owner: { login: script.owner }, hasIssuesEnabled: true };
    return ok('RepositoryInfo', {
      repository: { ...repository, viewerPermission: 'WRITE', defaultBranchRef: { name: 'main' }, parent: null },
    });
  }
  if (/\bquery PullRequestForBranch\b/.test(query)) {
    const nodes = allPulls(script, created)
      .filter((pull) => pull.headRefName === variables['headRefName'] && pull.state === 'OPEN')
      .map((pull) => ({ ...pull, id: `PR_${pull.number}`, headRepositoryOwner: { id: 'U_1', login: script.owner } }));
    return ok('PullRequestForBranch', { repository: { pullRequests: { nodes }, defaultBranchRef: { name: 'main' } } });
  }
  if (/\bmutation PullRequestCreate\b/.test(query)) {
    const pull = createdPull(script, variables['input'], allPulls(script, created).length + 100);
    created.push(pull);
    return ok('PullRequestCreate', { createPullRequest: { pullRequest: { id: `PR_${pull.number}`, url: pull.url } } });
  }
  if (query.includes('reviewThreads') && script.reviewThreads !== undefined) {
    const nodes = script.reviewThreads.map((thread) => ({
      isResolved: thread.isResolved,
      comments: { nodes: [{ databaseId: thread.firstCommentId }] },
    }));
    return ok('reviewThreads', { repository: { pullRequest: { reviewThreads: { nodes } } } });
  }
  return { status: 400, label: 'unexpected', value: { message: 'Not scripted' } };
}

function allPulls(script: ScriptedGithub, created: readonly CreatedPull[]): (ScriptedPull & { url: string })[] {
  const made = created.map((pull): ScriptedPull => ({
    number: pull.number,
    title: pull.title,
    state: 'OPEN',
    headRefName: pull.head,
    baseRefName: pull.base,
    isDraft: pull.draft,
  }));
  return [...made, ...(script.pulls ?? [])].map((pull) => ({
    isDraft: false,
    isCrossRepository: false,
    ...pull,
    url: `https://github.com/${script.owner}/${script.name}/pull/${pull.number}`,
  }));
}

function createdPull(script: ScriptedGithub, input: unknown, number: number): CreatedPull {
  const fields = recordOf(input);
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    number,
    url: `https://github.com/${script.owner}/${script.name}/pull/${number}`,
    title: text('title'),
    body: text('body'),
    head: text('headRefName'),
    base: text('baseRefName'),
    draft: fields['draft'] === true,
  };
}

function parseQuery(body: string): { query: string; variables: Record<string, unknown> } {
  const parsed = recordOf(JSON.parse(body));
  return {
    query: typeof parsed['query'] === 'string' ? parsed['query'] : '',
    variables: recordOf(parsed['variables']),
  };
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

async function textOf(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
