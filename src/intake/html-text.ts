/**
 * The readable text of an HTML page, and its title. Not a parser of all HTML: enough for documents and wikis. No pattern
 * that can fail scans past the next `<`: the page is a stranger's, and the cost stays linear.
 */
export function htmlToText(html: string): { readonly title: string; readonly text: string } {
  const title = /<title[^<>]*>([^<]*)/i.exec(html)?.[1] ?? '';
  const text = html
    .replace(/<!--[^]*?(?:-->|$)/g, '')
    .replace(/<(script|style|noscript|template|svg|head)\b[^]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<li\b[^<>]*>/gi, '\n- ')
    .replace(
      /<\/?(?:p|div|h[1-6]|ul|ol|table|tr|section|article|header|footer|pre|blockquote|main|nav|form)\b[^<>]*>/gi,
      '\n',
    )
    .replace(/<\/t[dh]\s*>/gi, '\t')
    // A tag begins with a letter: `a < b` is text.
    .replace(/<\/?[a-z!?][^>]*>?/gi, '');
  return { title: tidy(decodeEntities(title)).replace(/\s+/g, ' '), text: tidy(decodeEntities(text)) };
}

const tidy = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  copy: '©',
};

/** One pass, so that `&amp;lt;` becomes `&lt;` and not `<`. */
const decodeEntities = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? whole) : whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
