import path from 'node:path';

/**
 * The directories of a PATH in which a program may be looked for. Left out: relative and empty entries (they mean
 * whatever directory one happens to be in), every `node_modules/.bin` (npm puts them in front while it runs a script),
 * and what lies inside `forbidden`, where the agent writes: a program found there is not the user's.
 */
export function searchPath(value: string | undefined, forbidden: readonly string[] = []): string[] {
  const kept = (value ?? '')
    .split(path.delimiter)
    .filter((entry) => path.isAbsolute(entry))
    .map((entry) => path.resolve(entry))
    .filter((entry) => !/\/node_modules\/(?:.*\/)?(?:\.bin|node-gyp-bin)$/.test(entry))
    .filter((entry) => !forbidden.some((directory) => contains(directory, entry)));
  return [...new Set(kept)];
}

/**
 * Of the directories an agent writes in, those whose programs are not the user's. One that holds the user's whole home
 * (a repository of dotfiles) says nothing about who put a program there.
 */
export const forbiddenDirectories = (directories: readonly string[], home: string | undefined): string[] =>
  directories.filter((directory) => path.isAbsolute(directory) && !contains(directory, home ?? '/'));

/** True when `entry` is `directory` or lies in it. Both absolute. */
export function contains(directory: string, entry: string): boolean {
  const relative = path.relative(directory, entry);
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}
