import type { PullRequest } from './forge.ts';
import { formatFrontMatter, parseFrontMatter } from './front-matter.ts';

/** The file of a local pull request: facts in the front matter, then what a reviewer reads. */
export function formatPullRequest(pullRequest: PullRequest, body: string, commit: string | null): string {
  const fields: (readonly [string, string])[] = [
    ['title', pullRequest.title],
    ['branch', pullRequest.head],
    ['base', pullRequest.base],
    ...(commit === null ? [] : [['commit', commit] as const]),
    ['state', pullRequest.state],
    ['draft', String(pullRequest.draft)],
    ['url', pullRequest.url],
  ];
  return formatFrontMatter(fields, `# ${pullRequest.title}\n\n${body.trimEnd()}\n`);
}

/** The file with another commit in its front matter, and nothing else changed. */
export function withCommit(text: string, commit: string | null): string {
  if (commit === null || !text.startsWith('---\n')) return text;
  const end = text.indexOf('\n---\n');
  return text.slice(0, end + 1).replace(/^commit: .*$/m, `commit: ${commit}`) + text.slice(end + 1);
}

/** Null for a file that is not a pull request. A person may set `state` to `merged` or `closed` by hand. */
export function parsePullRequest(text: string, url: string): PullRequest | null {
  const { fields } = parseFrontMatter(text);
  const [head, base] = [fields.get('branch'), fields.get('base')];
  if (head === undefined || base === undefined) return null;
  return {
    number: null,
    url,
    title: fields.get('title') ?? head,
    state: stateOf(fields.get('state')),
    head,
    base,
    draft: fields.get('draft') === 'true',
  };
}

function stateOf(word: string | undefined): PullRequest['state'] {
  return word === 'merged' || word === 'closed' ? word : 'open';
}
