import { lstatSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { isConfigChanged } from '../git/config-guard.ts';
import { messageOf, systemCode } from '../errors.ts';
import type { HostContext } from './context.ts';
import { worktreeGit } from './worktree-git.ts';

/** Two ticks of the slowest kernels. */
const TICK_MS = 20;

/**
 * Whether anything in the session's worktree may have changed since `sinceMs` (epoch): HEAD, the index, or a file that git
 * knows or does not ignore. Null where nobody can say: the directory is in no worktree, or holds too much. Only names are
 * asked of git: in a session without a task nobody decides what it may execute, and `status` runs filters.
 */
export async function worktreeTouched(context: HostContext, sinceMs: number): Promise<boolean | null> {
  const { record, note } = context;
  try {
    const git = worktreeGit(context);
    const changedMs = (file: string): number | null => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? null : latestChangeMs(found);
    };
    const gitPath = async (name: string): Promise<string> =>
      path.resolve(record.cwd, await git.line(['rev-parse', '--git-path', name]));
    const top = path.resolve(record.cwd, await git.line(['rev-parse', '--show-toplevel']));
    // Every move of HEAD is in its log; without one, only its place is known.
    const moved = changedMs(await gitPath('logs/HEAD'));
    if (moved === null) {
      if (record.task === null || (await git.line(['rev-parse', 'HEAD'])) !== record.task.baseCommit) return null;
    }
    const marks = [moved, changedMs(await gitPath('HEAD')), changedMs(await gitPath('index'))];
    if (marks.some((atMs) => (atMs ?? 0) >= sinceMs)) return true;
    const list = ['-C', top, 'ls-files', '-t', '-z', '--cached', '--others', '--exclude-standard'];
    // `S`: left out of a sparse checkout.
    const files = (await git.run(list)).stdout.split('\0').filter((line) => line !== '' && !line.startsWith('S '));
    return files.some((line) => latestChangeMs(lstatSync(path.resolve(top, line.slice(2)))) >= sinceMs);
  } catch (error) {
    // A file that is gone, or settings that somebody planted since: both are changes.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR' || isConfigChanged(error)) return true;
    note(`looking at the worktree: ${messageOf(error)}`);
    return null;
  }
}

/**
 * When it was changed at the latest. A kernel stamps files with the time of its last tick (5 ms behind the clock were
 * measured at 250 Hz), and some file systems with whole seconds.
 */
function latestChangeMs({ ctimeMs, mtimeMs }: Stats): number {
  const atMs = Math.max(ctimeMs, mtimeMs);
  return atMs % 1000 === 0 ? atMs + 999 : atMs + TICK_MS;
}
