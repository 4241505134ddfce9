/**
 * True when `version` (`24.1.0`, a leading `v` is fine) is allowed by an `engines.node` range. Knows what packages
 * write: `>=`, `>`, `<`, `<=`, `=`, `^`, `~`, `x`, blanks for "and", `||` for "or". Anything else counts as allowed:
 * the program itself will say what it misses.
 */
export function nodeSatisfies(version: string, range: string): boolean {
  const parsed = parseVersion(version);
  if (parsed === null) return true;
  const alternatives = range.split('||').map((part) => part.replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1').trim());
  return alternatives.some((alternative) =>
    alternative.split(/\s+/).every((comparator) => comparator === '' || fits(parsed, comparator)),
  );
}

type Version = readonly [major: number, minor: number, patch: number];

function parseVersion(text: string): Version | null {
  const [, major, minor, patch] = /^v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?/.exec(text) ?? [];
  return major === undefined ? null : [Number(major), number(minor), number(patch)];
}

const number = (text: string | undefined): number => (text === undefined || !/^\d+$/.test(text) ? 0 : Number(text));

function fits(version: Version, comparator: string): boolean {
  const [, operator = '', rest = ''] = /^(>=|<=|>|<|=|\^|~)?(.*)$/.exec(comparator) ?? [];
  const wanted = parseVersion(rest);
  if (wanted === null) return true;
  const parts = rest.split('.').filter((part) => /^v?\d+/.test(part)).length;
  const order = compare(version, wanted);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '>':
      // `>20` means after all of 20.
      return compare(version.slice(0, parts), wanted.slice(0, parts)) > 0;
    case '<':
      return order < 0;
    case '<=':
      return compare(version.slice(0, parts), wanted.slice(0, parts)) <= 0;
    case '^':
      return order >= 0 && version[0] === wanted[0];
    case '~':
      return order >= 0 && compare(version.slice(0, Math.min(parts, 2)), wanted.slice(0, Math.min(parts, 2))) === 0;
    default:
      return compare(version.slice(0, parts), wanted.slice(0, parts)) === 0;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, part] of a.entries()) {
    const difference = part - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
