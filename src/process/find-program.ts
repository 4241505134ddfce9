import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { forbiddenDirectories, searchPath } from './search-path.ts';

export interface FoundProgram {
  /** Absolute. */
  readonly program: string;
  /** The PATH for the program and what it starts: the same directories. */
  readonly path: string;
}

/** What the system looks through when there is no PATH. */
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Where a program that conduxt starts by its name is, or null. The system would also look where the user's PATH is
 * relative (`.`, an empty entry) or leads into the repository: there an agent, or a stranger's commit, can plant a `git`
 * that runs as the user. Neither is looked into, nor followed by a link; a name with a slash is taken as it is.
 * @param cwd where it will run. What counts is the repository around it, with all its worktrees, and the one around our
 *   own directory.
 */
export function findProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): FoundProgram | null {
  const isTrusted = trust(env, cwd);
  const directories = searchPath(env['PATH'] ?? SYSTEM_PATH).filter(isTrusted);
  const found = { path: directories.join(path.delimiter) };
  if (name.includes('/')) return { ...found, program: name };
  for (const directory of directories) {
    const program = path.join(directory, name);
    const real = realProgram(program);
    if (real !== null && isTrusted(path.dirname(real))) return { ...found, program };
  }
  return null;
}

/** The same environment, whose PATH leads neither into the repository around `cwd` nor anywhere that is relative. */
export function withTrustedPath<E extends Readonly<Record<string, string | undefined>>>(env: E, cwd: string): E {
  if (env['PATH'] === undefined) return env;
  return { ...env, PATH: searchPath(env['PATH']).filter(trust(env, cwd)).join(path.delimiter) };
}

/** The real path of an executable file, or null. */
function realProgram(file: string): string | null {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? realpathSync(file) : null;
  } catch {
    return null; // Not there, or not ours to run: the next place may have it.
  }
}

/** Tells whether a directory lies outside of what an agent writes in. */
function trust(env: Readonly<Record<string, string | undefined>>, cwd: string): (directory: string) => boolean {
  const [here, own] = [realOr(cwd), ownDirectory()];
  const repositories = forbiddenDirectories(
    [here, own].flatMap((directory) => repositoryAround(directory) ?? []),
    env['HOME'],
  );
  return (directory) => {
    const repository = repositoryAround(realOr(directory));
    return repository === null || !repositories.includes(repository);
  };
}

/** The main checkout of the repository that a directory (a real path) lies in; null when it lies in none. */
function repositoryAround(directory: string): string | null {
  for (let checkout = directory; ; checkout = path.dirname(checkout)) {
    const link = gitLink(path.join(checkout, '.git'));
    if (link !== null) {
      const [, main] = /^(.*)\/\.git\/(?:worktrees|modules)\//.exec(path.resolve(checkout, link)) ?? [];
      return main === undefined ? checkout : realOr(main);
    }
    if (checkout === path.dirname(checkout)) return null;
  }
}

/**
 * What `.git` links to, '' for a repository's own, null when there is none. An empty directory is none, and neither is
 * what cannot be looked at: nothing can be started from a directory that cannot be searched.
 */
function gitLink(file: string): string | null {
  try {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return null;
    if (!facts.isFile()) return existsSync(path.join(file, 'HEAD')) ? '' : null;
  } catch {
    return null;
  }
  return linkIn(file);
}

function linkIn(file: string): string {
  try {
    return /^gitdir: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

function ownDirectory(): string {
  try {
    return realOr(process.cwd());
  } catch {
    return '/'; // Somebody removed it.
  }
}

function realOr(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
