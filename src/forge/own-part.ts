import { createHash } from 'node:crypto';

/**
 * Our part of a text that people may edit: between two comments that carry a hash of what stands between them. So what
 * a person adds around it is kept, and what a person changed in it is noticed.
 */
export function markOwnPart(text: string): string {
  const inner = text.trim();
  const hash = hashOf(inner);
  return `<!-- conduxt:begin ${hash} -->\n${inner}\n<!-- conduxt:end ${hash} -->`;
}

const OWN_PART = /<!-- conduxt:begin ([0-9a-f]{12}) -->\r?\n([^]*?)\r?\n<!-- conduxt:end \1 -->/;

/**
 * `current` with our part in it replaced by `marked` (of `markOwnPart`), every other byte kept; null when there is no
 * part of ours any more that is as we left it.
 */
export function replaceOwnPart(current: string, marked: string): string | null {
  const found = OWN_PART.exec(current);
  if (found === null || hashOf(found[2] ?? '') !== found[1]) return null;
  return current.slice(0, found.index) + marked + current.slice(found.index + found[0].length);
}

/** The comment that begins a marked text: no two texts have the same. */
export const markOf = (marked: string): string => marked.slice(0, marked.indexOf('\n'));

/** A browser sends line ends as CRLF, GitHub gives them back so. */
const hashOf = (text: string): string =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex').slice(0, 12);
