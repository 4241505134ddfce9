import path from 'node:path';

/**
 * Values are text in which two characters that no command holds stand for what is not known. Input that does hold one
 * of them thereby becomes unknown, which is the careful side.
 */
export const UNKNOWN = '\u{10FFFD}';
/** A directory that `mktemp` made in the same command. */
export const SCRATCH = '\u{10FFFC}';

/** For messages. */
export const shown = (value: string): string => value.replaceAll(UNKNOWN, '…').replaceAll(SCRATCH, '…');

/** How many values one word, or one place, may have before it counts as unknown. */
export const MAX_ALTERNATIVES = 16;

/** Without repetition; too many become one that is unknown. */
export function alternatives(values: Iterable<string>): string[] {
  const distinct = [...new Set(values)];
  return distinct.length > MAX_ALTERNATIVES ? [UNKNOWN] : distinct;
}

/**
 * The absolute form of `named` as seen from `cwd`; null when its beginning is not known, so that it may be anywhere.
 * An unknown part further down counts as an ordinary name.
 */
export function absolutePath(named: string, cwd: string): string | null {
  const isAbsolute = named.startsWith('/');
  if (named.startsWith(UNKNOWN) || (!isAbsolute && cwd.startsWith(UNKNOWN) && !named.startsWith(SCRATCH))) return null;
  if (named.startsWith(SCRATCH)) return path.posix.join('/', named);
  if (!isAbsolute && cwd.startsWith(SCRATCH)) return path.posix.join('/', cwd, named);
  return path.posix.normalize(isAbsolute ? named : path.posix.join(cwd, named));
}

/** Whether an absolute path is `directory` or below it, or in a scratch directory of the command itself. */
export function isWithin(absolute: string, directory: string): boolean {
  if (absolute.startsWith(`/${SCRATCH}`)) return true;
  const relative = path.posix.relative(directory, absolute);
  return relative === '' || !(relative === '..' || relative.startsWith('../'));
}
