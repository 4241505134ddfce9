/** `one`: a character of a name; `name`: any of them; `all`: any text; `dirs`: any number of whole directories. */
type Token = { readonly character: string } | 'one' | 'name' | 'all' | 'dirs';

/** A pattern in which `*` is any text, and nothing else is special. */
export const fitsText = (pattern: string, text: string): boolean =>
  fits(
    [...pattern].map((character) => (character === '*' ? 'all' : { character })),
    text,
  );

/**
 * A path pattern as in `.gitignore`: `*` and `?` stay within a name, `**` crosses them, what ends in `/` stands for all
 * below it. Both sides are absolute.
 */
export function fitsPath(pattern: string, path: string): boolean {
  const whole = pattern.endsWith('/') ? `${pattern}**` : pattern;
  const tokens = [...whole.matchAll(/\*\*\/|\*\*|\*|\?|[^]/gu)].map(([piece]): Token => {
    switch (piece) {
      case '**/':
        return 'dirs';
      case '**':
        return 'all';
      case '*':
        return 'name';
      case '?':
        return 'one';
      default:
        return { character: piece };
    }
  });
  return fits(tokens, path);
}

/**
 * All ways through the pattern at once, so that no pattern takes longer than its length times the text's: rules may come
 * from a repository nobody trusts.
 */
function fits(tokens: readonly Token[], text: string): boolean {
  let places = withSkips(tokens, new Set([0]), true);
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined) continue;
      if (typeof token === 'object') {
        if (token.character === character) next.add(place + 1);
      } else if (token === 'one') {
        if (character !== '/') next.add(place + 1);
      } else if (token !== 'name' || character !== '/') next.add(place);
    }
    places = withSkips(tokens, next, character === '/');
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** What may stand for nothing may be left out; directories only as a whole. */
function withSkips(tokens: readonly Token[], places: Set<number>, atBoundary: boolean): Set<number> {
  for (const place of places) {
    const token = tokens[place];
    if (token === 'name' || token === 'all' || (token === 'dirs' && atBoundary)) places.add(place + 1);
  }
  return places;
}
