import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';
import { namesIn } from '../store/names-in.ts';
import { sha256 } from '../text/sha256.ts';

/** Where a command was typed, as far as the verbs that only read need to know. */
export interface Place {
  readonly inRepository: boolean;
  /** Folder name under `repos/`; null when conduxt has not worked in this repository yet. */
  readonly repoKey: string | null;
}

/**
 * Finds the repository of `cwd` without starting git, which costs more than all the rest of `status` and `tell`.
 * A key ends in a hash of the real path of git's common directory, so nothing else has to be known.
 */
export function placeOf(cwd: string, home: string): Place {
  const commonDir = findCommonDir(cwd);
  if (commonDir === null) return { inRepository: false, repoKey: null };
  const hash = sha256(commonDir).slice(0, 8);
  const key = namesIn(path.join(home, 'repos')).find((name) => name.endsWith(`-${hash}`));
  return { inRepository: true, repoKey: key ?? null };
}

function findCommonDir(cwd: string): string | null {
  let directory: string;
  try {
    directory = realpathSync(cwd);
  } catch {
    // The directory was removed under us; nothing is there to belong to a repository.
    return null;
  }
  for (;;) {
    const found = commonDirOf(path.join(directory, '.git'));
    if (found !== null) return found;
    const parent = path.dirname(directory);
    if (parent === directory) return null;
    directory = parent;
  }
}

/** `.git` is the common directory itself, or a file that names the worktree's git directory. */
function commonDirOf(dotGit: string): string | null {
  try {
    if (statSync(dotGit).isDirectory()) return existsSync(path.join(dotGit, 'HEAD')) ? realpathSync(dotGit) : null;
    const [, target] = /^gitdir: (.+)$/m.exec(readFileSync(dotGit, 'utf8')) ?? [];
    if (target === undefined) return null;
    const gitDir = path.resolve(path.dirname(dotGit), target.trim());
    return realpathSync(path.resolve(gitDir, linkedTo(gitDir)));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

function linkedTo(gitDir: string): string {
  try {
    return readFileSync(path.join(gitDir, 'commondir'), 'utf8').trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '.';
    throw error;
  }
}
