/** What a task's words point at. `extra` is what the user said beyond naming the source. */
export type ParsedWords =
  | { readonly type: 'issue'; readonly number: number; readonly extra: string }
  | (GithubLink & { readonly type: 'issue-url' })
  | (GithubLink & { readonly type: 'pull-url' })
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'text' };

export interface GithubLink {
  readonly host: string;
  readonly owner: string;
  readonly name: string;
  readonly number: number;
  readonly url: string;
  readonly extra: string;
}

const POLITE = String.raw`(?:(?:please|pls|now|can you|could you|let'?s)\s+)*`;
const VERB = String.raw`(?:(?:fix|solve|resolve|implement|close|do|handle|address|tackle|investigate|analy[sz]e|debug|finish|complete|look (?:at|into)|work on|take care of|read)\s+)?`;
const ARTICLE = String.raw`(?:(?:the|this|our|open|github|gh)\s+)*`;

/** `#78`, `issue 78`, `issue #78`, `GH-78`; digits alone only as the whole text. */
const ISSUE = new RegExp(
  String.raw`^${POLITE}${VERB}${ARTICLE}(?:(?:issue|ticket|bug)\s*(?:no\.?\s*|number\s+)?#?|#|GH-)(\d{1,9})(?![\w-])`,
  'i',
);
const LINK = new RegExp(
  String.raw`^${POLITE}${VERB}${ARTICLE}(?:(?:issue|ticket|bug)\s+)?<?(https?://[^\s<>]+)>?`,
  'i',
);

/** What may stand between the source and more words of the user: `fix #78, but keep the API`. */
const EXTRA = /^(?:\s*[,;:(–—]\s*|\s+-+\s+|[.!?]+\s+|\s+(?=(?:but|and|with|without|using|in|only|please)\b))(.+)$/is;

/**
 * Tells whether words name an issue or an address, or are the task themselves. Only a source at the beginning counts:
 * "like in #78, add …" is text, and so is a sentence about two issues. `githubHosts` count as GitHub beside github.com.
 */
export function parseTaskWords(words: string, githubHosts: readonly string[] = []): ParsedWords {
  const text = words.trim();
  if (/^\d{1,9}$/.test(text)) return issue(text, '');
  const numbered = ISSUE.exec(text);
  if (numbered !== null) {
    const extra = extraWords(text.slice(numbered[0].length));
    return extra === null || namesAnotherIssue(extra) ? { type: 'text' } : issue(numbered[1] ?? '', extra);
  }
  const linked = LINK.exec(text);
  if (linked?.[1] === undefined) return { type: 'text' };
  const { url, cut } = withoutPunctuation(linked[1]);
  const extra = extraWords(cut + text.slice(linked[0].length));
  if (extra === null) return { type: 'text' };
  const link = githubLink(url, extra, githubHosts);
  if (link !== null) return link;
  return extra === '' ? { type: 'url', url } : { type: 'text' };
}

const issue = (number: string, extra: string): ParsedWords => ({ type: 'issue', number: Number(number), extra });

/** '' for nothing more, null when the words go on as a sentence of their own. */
function extraWords(rest: string): string | null {
  if (/^[\s.!?]*$/.test(rest)) return '';
  return EXTRA.exec(rest)?.[1]?.trim() ?? null;
}

const namesAnotherIssue = (text: string): boolean => /(?:^|[\s(,])#\d|\bissues?\s+\d/i.test(text);

/** A full stop or comma behind an address ends the sentence, not the address. */
function withoutPunctuation(url: string): { url: string; cut: string } {
  const end = /[.,;:!?)]+$/.exec(url)?.index ?? url.length;
  return { url: url.slice(0, end), cut: url.slice(end) };
}

function githubLink(url: string, extra: string, hosts: readonly string[]): ParsedWords | null {
  const parsed = URL.parse(url);
  if (parsed === null) return null;
  const host = parsed.hostname.toLowerCase().replace(/^www\.github\.com$/, 'github.com');
  if (host !== 'github.com' && !hosts.some((known) => known.toLowerCase() === host)) return null;
  const match = /^\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/(issues|pull)\/(\d{1,9})(?:\/.*)?$/.exec(parsed.pathname);
  const [, owner, name, kind, number] = match ?? [];
  if (owner === undefined || name === undefined || number === undefined) return null;
  const link = { host, owner, name, number: Number(number), url, extra };
  return kind === 'pull' ? { type: 'pull-url', ...link } : { type: 'issue-url', ...link };
}
