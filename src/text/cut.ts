/** What a secret that stands in a longer text is not expected to hold. */
const BETWEEN_WORDS = /[\s"'`,;|<>(){}[\]]/;
/** Longer words are no secrets; so much of one is left out. */
const MAX_WORD_CHARS = 2048;

/**
 * The first or the last `maxChars` of a text, cut between words: of half a secret nobody who takes secrets out afterwards
 * would know.
 */
export function beginningOf(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const least = Math.max(0, maxChars - MAX_WORD_CHARS);
  let end = maxChars;
  while (end > least && !isBetween(text, end)) end -= 1;
  return text.slice(0, end);
}

/** See `beginningOf`. */
export function endOf(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const most = Math.min(text.length, text.length - maxChars + MAX_WORD_CHARS);
  let start = text.length - maxChars;
  while (start < most && !isBetween(text, start)) start += 1;
  return text.slice(start);
}

const isBetween = (text: string, at: number): boolean =>
  BETWEEN_WORDS.test(text[at - 1] ?? '') || BETWEEN_WORDS.test(text[at] ?? '');
