/**
 * The files of a commit, as far as detection needs them. Paths are relative to the repository root, with `/`.
 * `git/tree.ts` has the real one; tests use a plain object.
 */
export interface BaseTree {
  /** True for files and directories alike. */
  has(path: string): Promise<boolean>;
  /** Null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** Names in a directory (`''` is the root); empty when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
}
