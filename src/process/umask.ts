/**
 * What the user's own files are made with. Nothing of ours is left to it: every file and directory of the state says its
 * mode itself. What agents, set-up, tests and git make elsewhere is the user's, and made as the user makes it.
 */

/** Asked for by setting it: a look without one opens, for a moment, all that other threads make then. */
export function readUmask(): number {
  const umask = process.umask(0o077);
  process.umask(umask);
  return umask;
}

/** @param umask of the user; what is made stays usable by its owner, whatever it says. */
export function setUmask(umask: number): void {
  process.umask(umask & 0o077);
}
