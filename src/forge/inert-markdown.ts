import { oneLine, sanitize } from '../text/sanitize.ts';

/**
 * Text of an agent or a stranger, for a place that renders GitHub's Markdown and acts on it: nobody is notified, no
 * issue is linked or closed, no picture is loaded, no HTML is read. Emphasis, lists and code stay.
 */
export function inertMarkdown(text: string): string {
  return withoutCode(sanitize(text), (plain) =>
    plain
      .replace(/</g, '&lt;')
      .replace(/!\[/g, '!\\[')
      // A fence that is not closed would swallow what follows.
      .replace(/^( {0,3})(?=`{3}|~{3})/gm, '$1\\')
      // References of all forms: #78, owner/name#78, GH-78, @somebody, @team/name. In code they are only text.
      .replace(/(?<![\w`/])@[A-Za-z0-9][\w-]*(?:\/[\w.-]+)?/g, (mention) => `\`${mention}\``)
      .replace(/(?<![\w`&])(?:[\w.-]+\/[\w.-]+)?#\d+\b/g, (reference) => `\`${reference}\``)
      .replace(/(?<![\w`])GH-\d+\b/gi, (reference) => `\`${reference}\``)
      .replace(
        /\b(https?:\/\/(?:www\.)?github\.com\/\S+\/(?:issues|pull)\/\d+\S*)/gi,
        (url) => `\`${url.replaceAll('`', '')}\``,
      ),
  );
}

/** Closed fences of either kind, as GitHub reads them, and code spans of one or two backticks on one line. */
const CODE = new RegExp(
  [
    '^ {0,3}(?<ticks>`{3,})[^`\\n]*\\n[^]*?^ {0,3}\\k<ticks>`*[ \\t]*$',
    '^ {0,3}(?<tildes>~{3,})[^\\n]*\\n[^]*?^ {0,3}\\k<tildes>~*[ \\t]*$',
    '(?<!`)(?<span>`{1,2})(?!`)[^`\\n]+(?<!`)\\k<span>(?!`)',
  ].join('|'),
  'gm',
);

/** Applies `change` to what is outside of code blocks and code spans, where Markdown and GitHub change nothing. */
function withoutCode(text: string, change: (plain: string) => string): string {
  let result = '';
  let at = 0;
  for (const match of text.matchAll(CODE)) {
    result += change(text.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return result + change(text.slice(at));
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
