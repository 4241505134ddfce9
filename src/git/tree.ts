import { usageError } from '../errors.ts';
import type { Git } from './git.ts';

/** The files of one commit, whatever the worktree looks like now. Paths are relative to the root, with `/`. */
export interface BaseTree {
  readonly commit: string;
  /** True for files, links and directories alike. */
  has(path: string): Promise<boolean>;
  /**
   * The text of a regular file; null when there is none (a link counts as none: it points to who knows what).
   * @throws `tree-file-too-large` (exit 2) over 1 MiB.
   */
  read(path: string): Promise<string | null>;
  /** Names in a directory (`''` is the root), sorted; empty when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
}

/** Settings and manifests are read through this; none of them is as large as this. */
const MAX_FILE_BYTES = 1024 * 1024;

interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly bytes: number | null;
  readonly name: string;
}

/**
 * Reads the tree of `commit` (a full hash). Directory listings are kept, so asking for many candidates in one
 * directory costs one call of git.
 */
export function treeAt(git: Git, commit: string): BaseTree {
  const listings = new Map<string, Promise<Map<string, TreeEntry>>>();

  const listing = (directory: string): Promise<Map<string, TreeEntry>> => {
    const known = listings.get(directory);
    if (known !== undefined) return known;
    const fresh = readDirectory(git, commit, directory);
    listings.set(directory, fresh);
    // A failed call is not an empty directory: the next question asks git again.
    fresh.catch(() => listings.delete(directory));
    return fresh;
  };
  const entry = async (path: string): Promise<TreeEntry | undefined> => {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) return undefined;
    return (await listing(parts.join('/'))).get(name);
  };

  return {
    commit,
    has: async (path) => (await entry(path)) !== undefined,
    list: async (directory) => [...(await listing(partsOf(directory).join('/'))).keys()].toSorted(),
    read: async (path) => {
      const found = await entry(path);
      if (found === undefined || !found.mode.startsWith('100')) return null;
      if ((found.bytes ?? 0) > MAX_FILE_BYTES) {
        throw usageError(
          'tree-file-too-large',
          `${path} is larger than ${MAX_FILE_BYTES / 1024} KiB at ${commit.slice(0, 12)}.`,
          {
            facts: { path, commit, bytes: found.bytes },
          },
        );
      }
      return (await git.run(['cat-file', 'blob', '--end-of-options', found.object])).stdout;
    },
  };
}

/** `./a//b/` is `a/b`; a path that leaves the tree has no entry in it, so `..` is simply a name nobody has. */
const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

const ENTRY = /^(\d{6}) \S+ ([0-9a-f]+) +(-|\d+)\t(.+)$/s;

async function readDirectory(git: Git, commit: string, directory: string): Promise<Map<string, TreeEntry>> {
  const tree = directory === '' ? `${commit}^{tree}` : `${commit}:${directory}`;
  const list = ['ls-tree', '-z', '-l', '--end-of-options', tree];
  const listed = await git.run(list, { okCodes: [0, 128] });
  if (listed.exitCode !== 0) {
    const kind = await git.run(['cat-file', '-t', '--end-of-options', tree], { okCodes: [0, 128] });
    // Either the directory or the commit is not there; only the second is an error.
    if (kind.exitCode !== 0) await git.run(['cat-file', '-e', '--end-of-options', `${commit}^{commit}`]);
    else if (kind.stdout.trim() === 'tree') await git.run(list);
    return new Map();
  }
  const entries = new Map<string, TreeEntry>();
  for (const line of listed.stdout.split('\0')) {
    const [, mode, object, bytes, name] = ENTRY.exec(line) ?? [];
    if (mode === undefined || object === undefined || name === undefined) continue;
    entries.set(name, { mode, object, name, bytes: bytes === '-' || bytes === undefined ? null : Number(bytes) });
  }
  return entries;
}
