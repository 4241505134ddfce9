import type { Comment, Issue } from './forge.ts';
import { parseFrontMatter } from './front-matter.ts';

/**
 * `.conduxt/issues/<n>.md`: the title is the front matter's `title` or the first `# ` line; `labels` (with commas) and
 * `author` are optional. Comments follow a `## Comments` line, each below a `### name` line:
 *
 *     ---
 *     labels: bug, pagination
 *     author: ana
 *     ---
 *     # The last page is empty
 *     With 40 entries, page 2 …
 *
 *     ## Comments
 *     ### ben
 *     Since 1.3, I think.
 *
 * It is a file in the user's own checkout, so its authors count as trusted.
 */
export function parseLocalIssue(text: string, place: { readonly number: number; readonly url: string | null }): Issue {
  const { fields, body: all } = parseFrontMatter(text);
  const { title, rest } = splitTitle(all, fields.get('title'));
  const { body, comments } = splitComments(rest);
  return {
    ...place,
    title: title === '' ? `Issue ${place.number}` : title,
    body,
    labels: listOf(fields.get('labels') ?? fields.get('label') ?? ''),
    author: fields.get('author') ?? 'local',
    authorTrust: 'trusted',
    comments,
    commentsNotRead: 0,
  };
}

function splitTitle(text: string, given: string | undefined): { title: string; rest: string } {
  const heading = /^\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|$)/.exec(text);
  if (heading === null) {
    const [first = '', ...others] = text.trim().split('\n');
    // Without a heading the first line serves as one, and stays part of the text.
    return { title: given ?? first.trim(), rest: [first, ...others].join('\n') };
  }
  const words = heading[1] ?? '';
  // A heading that says something else than the given title belongs to the text.
  const isSame = given === undefined || given === words;
  return { title: given ?? words, rest: isSame ? text.slice(heading[0].length) : text };
}

function splitComments(text: string): { body: string; comments: Comment[] } {
  const lines = text.split('\n');
  const start = outsideFences(lines).findLastIndex((line) => /^##[ \t]+comments?[ \t]*$/i.test(line));
  if (start < 0) return { body: text.trim(), comments: [] };
  const comments: { author: string; lines: string[] }[] = [];
  const visible = outsideFences(lines);
  for (let at = start + 1; at < lines.length; at += 1) {
    const author = /^###[ \t]+(?:by[ \t]+)?@?([^\s(,]+)/i.exec(visible[at] ?? '')?.[1];
    if (author !== undefined) comments.push({ author, lines: [] });
    else comments.at(-1)?.lines.push(lines[at] ?? '');
  }
  return {
    body: lines.slice(0, start).join('\n').trim(),
    comments: comments.map((comment) => ({
      author: comment.author,
      trust: 'trusted',
      body: comment.lines.join('\n').trim(),
    })),
  };
}

/** The same lines, with those inside of code fences emptied: a heading in an example is no heading. */
function outsideFences(lines: readonly string[]): string[] {
  let fence: string | null = null;
  return lines.map((line) => {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (mark?.startsWith(fence) === true && line.trim() === mark) fence = null;
      return '';
    }
    if (mark === undefined) return line;
    fence = mark;
    return '';
  });
}

/** `bug, pagination` or `[bug, "pagination"]`. */
const listOf = (text: string): string[] =>
  text
    .replace(/^\[(.*)\]$/, '$1')
    .split(',')
    .map((label) => label.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter((label) => label !== '');
