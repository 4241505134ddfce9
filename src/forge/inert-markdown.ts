import { oneLine, sanitize } from '../text/sanitize.ts';

/** WORD JOINER: no width, no break, no part of any name. GitHub reads nothing across it. */
const APART = '\u2060';

/**
 * Text of an agent or a stranger, for a quotation in a place that renders GitHub's Markdown and acts on it: nobody is
 * notified, no issue is linked or closed, no picture is loaded, no HTML is read. Emphasis, lists and code stay.
 *
 * The same is done in what looks like code: what a backtick or a fence is depends on escapes, tables and lists, and a
 * text that is made for it reads differently here and there. So nothing is decided by it, and nothing visible changes.
 */
export function inertMarkdown(text: string): string {
  return (
    sanitize(text)
      // Tags, comments, autolinks; pictures; entities, which are decoded before names are looked for.
      .replace(/<(?=[A-Za-z/!?])/g, `<${APART}`)
      .replace(/!(?=\[)/g, `!${APART}`)
      .replace(/&(?=#?\w+;)/g, `&${APART}`)
      // References of all forms: #78, owner/name#78, GH-78, @somebody, @team/name, and the addresses of all these.
      .replace(/@(?=[A-Za-z0-9])/g, `@${APART}`)
      .replace(/#(?=\d)/g, `#${APART}`)
      .replace(/(GH)(?=-\d)/gi, `$1${APART}`)
      .replace(/(https?:|www)(?=(?:\/\/|\.)\S{0,2000}(?:\/(?:issues|pull|discussions|commit)\b|%))/gi, `$1${APART}`)
  );
}

/** A name as inline code, whatever it holds: the fence is longer than any run of backticks in it. */
export function codeSpan(text: string, maxChars = 300): string {
  const line = oneLine(text, maxChars);
  if (line === '') return '` `';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}
