import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { readWorktreeFiles } from './worktree-entry.ts';

/**
 * Whether any git of this user works in a repository now, in its main checkout or a linked worktree. Those that stay in
 * the background hold no lock. Linux only: elsewhere false.
 */
export async function isGitAtWork(commonDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const linked = (await readWorktreeFiles(commonDir)).flatMap(({ gitdir }) =>
    gitdir === null ? [] : [dirname(gitdir)],
  );
  const places = [dirname(commonDir), commonDir, ...linked];
  return readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && isGitIn(pid, places));
}

function isGitIn(pid: string, places: readonly string[]): boolean {
  try {
    if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('git')) return false;
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    if (!places.some((place) => cwd === place || cwd.startsWith(place + sep))) return false;
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('daemon');
  } catch {
    // Gone in the meantime, a zombie, or another user's.
    return false;
  }
}
