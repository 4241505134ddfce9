/**
 * Everything in a repository's configuration that could make *our* git start a program or talk to another place.
 * Kept in the journal: what was there before the agent started is what its end is compared with. Values are hashed,
 * because some of them are tokens.
 */
export interface GitConfigSnapshot {
  /** Real paths: a worktree whose `.git` file was changed belongs to another repository. */
  readonly gitDir: string;
  readonly commonDir: string;
  /** `key (scope)` to the hash of all its values, in order. */
  readonly settings: Readonly<Record<string, string>>;
  /** Hooks and attribute files, relative to the common directory, to the hash of their content. */
  readonly files: Readonly<Record<string, string>>;
  /** Git cannot read the repository at all, in its own words; null is the normal case. */
  readonly problem: string | null;
}
