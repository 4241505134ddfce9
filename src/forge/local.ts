import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ioError, messageOf, notFound, systemCode, usageError } from '../errors.ts';
import { createFile, makePrivateDirectory, replaceFile } from '../store/durable-files.ts';
import {
  issueNotFound,
  type Forge,
  type Issue,
  type NewPullRequest,
  type PullRequest,
  type PullRequestUpdate,
} from './forge.ts';
import { parseFrontMatter } from './front-matter.ts';
import { parseLocalIssue } from './local-issue.ts';
import { formatPullRequest, parsePullRequest, withCommit } from './local-pull-request.ts';
import { replaceOwnPart } from './own-part.ts';

export interface LocalForgeOptions {
  /** The main checkout; issues are in its `.conduxt/issues`. */
  readonly root: string;
  /** Pull requests are files in here; made when needed, mode 0700. */
  readonly pullRequestsDir: string;
  /** The commit of a branch, for the record; null when it has none. */
  readonly commitOf?: (branch: string) => Promise<string | null>;
}

/** Larger than any issue that was written by hand. */
const MAX_ISSUE_BYTES = 1024 * 1024;

/** Issues and pull requests as files, for repositories without a GitHub remote. The same input gives the same files. */
export function createLocalForge(options: LocalForgeOptions): Forge {
  return {
    name: 'local',
    getIssue: async (number) => getIssue(options, number),
    findPullRequest: async (branch) => findPullRequest(options, branch),
    createPullRequest: (request) => createPullRequest(options, request),
    updatePullRequest: (pullRequest, body) => updatePullRequest(options, pullRequest, body),
    getReview: async (number) => {
      throw notFound(
        'pr-not-found',
        `There is no pull request #${number}: local pull requests are files without numbers.`,
        {
          remedy:
            'Put the review comments into a file and pass it: conduxt run --adopt --branch <branch> --file review.md',
          facts: { number },
        },
      );
    },
  };
}

function getIssue({ root }: LocalForgeOptions, number: number): Issue {
  const directory = join(root, '.conduxt', 'issues');
  const file = join(directory, `${number}.md`);
  const text = readRegularFile(file, MAX_ISSUE_BYTES);
  if (text === null) {
    const known = issueNumbers(directory);
    const others =
      known.length === 0
        ? ''
        : ` (there are ${known
            .slice(0, 20)
            .map((one) => `#${one}`)
            .join(', ')})`;
    throw issueNotFound(number, `${directory}${others}`, `Write it to ${file}, or pass the text with --file.`);
  }
  const issue = parseLocalIssue(text, { number, url: pathToFileURL(file).href });
  if (parseFrontMatter(text).body.trim() === '' && issue.title === `Issue ${number}`) {
    throw usageError('empty-issue', `The issue ${file} says nothing.`, {
      remedy: 'Write a "# title" and what is to be done into it.',
      facts: { file },
    });
  }
  return issue;
}

function issueNumbers(directory: string): number[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => (/^\d+\.md$/.test(name) ? [Number.parseInt(name, 10)] : []))
      .toSorted((a, b) => a - b);
  } catch {
    // No directory: no issues.
    return [];
  }
}

function findPullRequest(options: LocalForgeOptions, branch: string): PullRequest | null {
  const found = [...pullRequestFiles(options, branch)].flatMap(({ file, text }) => {
    const pullRequest = text === null ? null : parsePullRequest(text, pathToFileURL(file).href);
    return pullRequest?.head === branch ? [pullRequest] : [];
  });
  return found.find((pullRequest) => pullRequest.state === 'open') ?? found.at(-1) ?? null;
}

async function createPullRequest(options: LocalForgeOptions, request: NewPullRequest): Promise<PullRequest> {
  const commit = (await options.commitOf?.(request.head)) ?? null;
  makePrivateDirectory(options.pullRequestsDir);
  for (;;) {
    const known = findPullRequest(options, request.head);
    if (known?.state === 'open') return known;
    const free = [...pullRequestFiles(options, request.head)].find(({ text }) => text === null);
    if (free === undefined) throw new Error(`no free name for a pull request of ${request.head}`);
    const url = pathToFileURL(free.file).href;
    const pullRequest: PullRequest = { ...request, number: null, url, state: 'open' };
    // False: another process took the name in the meantime, perhaps with this very pull request.
    if (createFile(free.file, formatPullRequest(pullRequest, request.body, commit)))
      return pullRequestOnly(pullRequest);
  }
}

async function updatePullRequest(
  options: LocalForgeOptions,
  { head, url }: PullRequest,
  body: string,
): Promise<PullRequestUpdate> {
  const file = fileURLToPath(url);
  const text = readRegularFile(file, Number.MAX_SAFE_INTEGER);
  if (text === null) throw notFound('pr-not-found', `${file} is gone.`, { facts: { file } });
  const commit = (await options.commitOf?.(head)) ?? null;
  const edited = replaceOwnPart(text, body);
  // Files have no comments: what was edited by hand stays, and ours stands below it.
  const whole = withCommit(edited ?? `${text.trimEnd()}\n\n---\n\n${body}\n`, commit);
  if (whole === text) return 'unchanged';
  replaceFile(file, whole);
  return edited === null ? 'comment' : 'body';
}

const pullRequestOnly = ({ number, url, title, state, head, base, draft }: PullRequest): PullRequest => ({
  number,
  url,
  title,
  state,
  head,
  base,
  draft,
});

/**
 * `fix-issue-78.md`, `fix-issue-78-2.md`, … up to the first that does not exist, which comes with a null text. Two
 * branches can share such a name (`fix/a-b`, `fix-a/b`), so a file belongs to the branch written in it.
 */
function* pullRequestFiles(
  { pullRequestsDir }: LocalForgeOptions,
  branch: string,
): Generator<{ file: string; text: string | null }> {
  const slug = branch.replace(/[^A-Za-z0-9._-]+/g, '-');
  for (let number = 1; number < 10_000; number += 1) {
    const file = join(pullRequestsDir, `${slug}${number === 1 ? '' : `-${number}`}.md`);
    const text = readRegularFile(file, Number.MAX_SAFE_INTEGER);
    yield { file, text };
    if (text === null) return;
  }
}

/** The text of a file; null when there is none. A link is refused: it could lead anywhere. */
function readRegularFile(file: string, maxBytes: number): string | null {
  try {
    const info = lstatSync(file);
    if (!info.isFile())
      throw usageError('not-a-file', `${file} is not a regular file.`, {
        remedy: 'Make it a plain text file, neither a directory nor a link.',
        facts: { file },
      });
    if (info.size > maxBytes) {
      throw usageError('prompt-too-large', `${file} is larger than ${maxBytes / 1024} KiB.`, {
        facts: { file, bytes: info.size },
      });
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    if (systemCode(error) === 'EACCES' || systemCode(error) === 'EIO') {
      throw ioError('file-unreadable', `${file} could not be read: ${messageOf(error)}.`, { cause: error });
    }
    throw error;
  }
}
