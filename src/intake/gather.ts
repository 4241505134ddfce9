import { unreachable, usageError } from '../errors.ts';
import type { Forge, Issue, Review } from '../forge/forge.ts';
import type { GithubRepository } from '../forge/gh.ts';
import { kindForTask } from '../naming/task-kind.ts';
import { nameForTask } from '../naming/task-names.ts';
import type { TaskSource } from '../session/record.ts';
import type { TaskKind } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { composeBrief, type BriefParts } from './brief.ts';
import { fetchPage, type FetchUrl } from './fetch-url.ts';
import { checkSize } from './prompt-size.ts';
import { readBounded, readTaskFile } from './read-text.ts';
import { actionItems } from './review.ts';
import { issueMaterial } from './issue-material.ts';
import { parseTaskWords, type GithubLink } from './sources.ts';

export interface GatherRequest {
  /** What the user typed; '' when the task is a file, standard input or a review alone. */
  readonly words: string;
  /** A path, relative to `cwd`. */
  readonly file?: string;
  /** Standard input, whole or as a stream; read here, bounded. */
  readonly stdin?: string | AsyncIterable<unknown>;
  /** Number of a pull request whose review comments are the task. */
  readonly review?: number;
  readonly cwd: string;
  readonly forge: Forge;
  /** The repository `forge` stands for; null for the local one. */
  readonly repository: GithubRepository | null;
  /** Opens the forge of another repository, for an issue's address that leads elsewhere. */
  readonly forgeOf?: (repository: GithubRepository) => Forge;
  /** Default: `fetchPage`. */
  readonly fetchUrl?: FetchUrl;
}

/**
 * Whose words the task is made of. `local`: the user's own. `trusted`: people the repository vouches for.
 * `untrusted`: anybody; such a task asks before it acts.
 */
export type TaskTrust = 'local' | 'trusted' | 'untrusted';

export interface GatheredTask {
  readonly source: TaskSource;
  /** One line, at most 80 characters, sanitized. */
  readonly title: string;
  /** What the user typed, verbatim; '' when the task is a file, standard input or a review alone. */
  readonly words: string;
  /** The task as it goes to the agent (see `taskBody`). */
  readonly brief: string;
  readonly labels: readonly string[];
  readonly kind: TaskKind;
  /** A session name made from the content; not yet checked against others. */
  readonly name: string;
  readonly trust: TaskTrust;
  /** One clause: "the issue's author ana is a member of the repository". */
  readonly trustReason: string;
  readonly includedComments: number;
  readonly omittedComments: number;
  /** Set when the task continues a pull request: its branch is the task's branch. */
  readonly pullRequest: {
    readonly number: number;
    readonly headBranch: string;
    readonly baseBranch: string;
    readonly headCommit: string;
  } | null;
}

/**
 * From what the user typed to a task: fetches the issue, page, file or review it names.
 * @throws `empty-prompt`, `prompt-too-large`, `issue-elsewhere` (exit 2), and what the forge and the sources throw.
 */
export async function gatherTask(request: GatherRequest): Promise<GatheredTask> {
  const words = checkSize(request.words, 'The task');
  if (request.review !== undefined) return fromReview(request, words, request.review);
  if (request.file !== undefined) {
    const text = await readTaskFile(request.file, request.cwd);
    return fromText(words, text, { type: 'file', path: request.file }, 'it is a file of your own');
  }
  if (request.stdin !== undefined) {
    const { stdin } = request;
    const text =
      typeof stdin === 'string' ? checkSize(stdin, 'Standard input') : await readBounded(stdin, 'Standard input');
    return fromText(words, text, { type: 'stdin' }, 'it came from your standard input');
  }
  if (words.trim() === '') throw emptyPrompt();
  const parsed = parseTaskWords(words, request.repository === null ? [] : [request.repository.host]);
  switch (parsed.type) {
    case 'text':
      return fromText(words, '', { type: 'text' }, 'the task is in your own words');
    case 'issue':
      return fromIssue(words, await request.forge.getIssue(parsed.number), request.forge);
    case 'issue-url':
      return isHere(request, parsed)
        ? fromIssue(words, await request.forge.getIssue(parsed.number), request.forge)
        : fromIssueElsewhere(request, words, parsed);
    case 'pull-url':
      if (!isHere(request, parsed)) throw elsewhere(parsed);
      return fromReview(request, words, parsed.number);
    case 'url':
      return fromPage(request, words, parsed.url);
    default:
      return unreachable(parsed, 'source');
  }
}

function isHere({ repository }: GatherRequest, link: GithubLink): boolean {
  const name = (of: GithubRepository): string => `${of.host}/${of.owner}/${of.name}`.toLowerCase();
  return repository !== null && name(repository) === name(link);
}

const MAX_TITLE_CHARS = 80;

type Finding = Omit<GatheredTask, 'title' | 'words' | 'brief' | 'kind' | 'pullRequest'> & {
  readonly title: string;
  readonly parts: BriefParts;
  readonly pullRequest?: GatheredTask['pullRequest'];
};

/** Fills in what follows from the rest. */
function task(words: string, { parts, pullRequest = null, ...finding }: Finding): GatheredTask {
  return {
    ...finding,
    title: oneLine(finding.title, MAX_TITLE_CHARS),
    words,
    brief: composeBrief(parts),
    kind: kindForTask({ title: finding.title, labels: finding.labels, words: words === '' ? finding.title : words }),
    pullRequest,
  };
}

/** The user's own text: words, or words about a longer text that follows them. */
function fromText(words: string, text: string, source: TaskSource, trustReason: string): GatheredTask {
  const whole = [words, text]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n');
  if (whole === '') throw emptyPrompt();
  const title = firstLine(whole);
  return task(words, {
    source,
    title,
    parts: { words: whole, material: [], notes: [] },
    labels: [],
    name: nameForTask({ words: title }),
    trust: 'local',
    trustReason,
    includedComments: 0,
    omittedComments: 0,
  });
}

function fromIssue(words: string, issue: Issue, forge: Forge): GatheredTask {
  const found = issueMaterial(issue);
  const isTrusted = issue.authorTrust === 'trusted';
  const isLocal = forge.name === 'local';
  return task(words, {
    source: { type: 'issue', forge: forge.name, number: issue.number, url: issue.url },
    title: issue.title,
    parts: { words, ...found },
    labels: issue.labels,
    name: nameForTask({ issueNumber: issue.number, words }),
    trust: isTrusted ? 'trusted' : 'untrusted',
    trustReason: isLocal
      ? `issue #${issue.number} is a file in your own checkout`
      : isTrusted
        ? `the issue's author ${oneLine(issue.author, 40)} and all comments taken along belong to the repository`
        : `the issue's author ${oneLine(issue.author, 40)} is not a member of the repository`,
    includedComments: found.included,
    omittedComments: found.omitted,
  });
}

/** An issue of another repository: whoever is trusted there is a stranger here. */
async function fromIssueElsewhere(request: GatherRequest, words: string, link: GithubLink): Promise<GatheredTask> {
  if (request.forgeOf === undefined) throw elsewhere(link);
  const issue = await request.forgeOf(link).getIssue(link.number);
  const found = issueMaterial(issue);
  return task(words, {
    source: { type: 'url', url: link.url },
    title: issue.title,
    parts: { words, ...found },
    labels: issue.labels,
    name: nameForTask({ words: issue.title }),
    trust: 'untrusted',
    trustReason: `the issue is in another repository (${link.owner}/${link.name})`,
    includedComments: found.included,
    omittedComments: found.omitted,
  });
}

async function fromReview(request: GatherRequest, words: string, number: number): Promise<GatheredTask> {
  const review: Review = await request.forge.getReview(number);
  const items = actionItems(review);
  const goal = `Work through the review comments of pull request #${number} (${oneLine(review.title, 120)}), all of them.`;
  return task(words, {
    source: { type: 'review', forge: request.forge.name, number, url: review.url },
    title: review.title,
    parts: {
      words: [words.trim(), goal].filter((part) => part !== '').join('\n\n'),
      material: items.material,
      notes: items.notes,
    },
    labels: [],
    name: `review-${number}`,
    trust: 'trusted',
    trustReason: 'every review comment taken along is by a member of the repository',
    includedComments: items.material.length,
    omittedComments: items.untrusted + items.resolved,
    pullRequest: {
      number,
      headBranch: review.headBranch,
      baseBranch: review.baseBranch,
      headCommit: review.headCommit,
    },
  });
}

async function fromPage(request: GatherRequest, words: string, url: string): Promise<GatheredTask> {
  const page = await (request.fetchUrl ?? fetchPage)(url);
  if (page.text.trim() === '') throw emptyPrompt();
  const title = page.title === '' ? firstLine(page.text) : page.title;
  return task(words, {
    source: { type: 'url', url },
    title,
    parts: {
      words: `${words.trim()}\n\nDo what the page at this address asks for in this repository.`,
      material: [{ label: `Text of ${page.url}`, text: page.text }],
      notes: page.cut ? ['The page is longer; its end was left out.'] : [],
    },
    labels: [],
    name: nameForTask({ words: title }),
    trust: 'untrusted',
    trustReason: 'the task is a page on the web, which anybody may have written',
    includedComments: 0,
    omittedComments: 0,
  });
}

/** The first line that says something, without Markdown's heading marks. */
const firstLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/^#+\s+/, '').trim())
    .find((line) => /[\p{L}\p{N}]/u.test(line)) ?? text.trim();

const emptyPrompt = (): Error =>
  usageError('empty-prompt', 'There is no task: the text is empty.', {
    remedy: 'Say what to do, e.g. conduxt run "fix issue #78", or pass --file spec.md.',
  });

const elsewhere = (link: GithubLink): Error =>
  usageError('issue-elsewhere', `${link.url} is in another repository than this one.`, {
    remedy: 'Run conduxt in a clone of that repository, or pass the text with --file.',
    facts: { url: link.url },
  });
