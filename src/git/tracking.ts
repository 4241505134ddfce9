import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Git } from './git.ts';
import { clearKilledLocks, takingLock } from './shared-lock.ts';
import { removeStaleLock } from './stale-lock.ts';

export interface Tracking {
  /** Runs in any worktree of the repository. */
  readonly git: Git;
  readonly remote: string;
  readonly branch: string;
}

/** Attempts while another git writes the shared configuration, which has a lock and no queue. */
const CONFIG_ATTEMPTS = 8;

/**
 * Makes `git pull` and `git push` work in the worktree by hand, and `git fetch` after a push that was killed. Not worth
 * failing a push that has happened. @returns false when somebody holds the configuration's lock.
 */
export async function setTracking({ git, remote, branch }: Tracking): Promise<boolean> {
  const commonDir = resolve(git.cwd, await git.line(['rev-parse', '--git-common-dir']));
  const tracked = join(commonDir, 'refs', 'remotes', remote, `${branch}.lock`);
  // A remote can be a path or an address, too, and then nothing is tracked.
  if (tracked.startsWith(join(commonDir, 'refs', 'remotes', '/'))) await removeStaleLock(tracked);
  await clearKilledLocks(commonDir);
  const wanted = [
    [`branch.${branch}.remote`, remote],
    [`branch.${branch}.merge`, `refs/heads/${branch}`],
  ] as const;
  for (const [key, value] of wanted) {
    if (!(await setConfig(git, commonDir, key, value))) return false;
  }
  return true;
}

async function setConfig(git: Git, commonDir: string, key: string, value: string): Promise<boolean> {
  if ((await git.line(['config', '--local', '--get', '--end-of-options', key], { okCodes: [0, 1, 2] })) === value)
    return true;
  for (let round = 0; round < CONFIG_ATTEMPTS; round += 1) {
    // 255: the lock is held.
    const result = await takingLock(commonDir, 'config', (env) =>
      git.withEnv(env).run(['config', '--local', '--replace-all', '--end-of-options', key, value], {
        okCodes: [0, 1, 3, 4, 5, 6, 255],
      }),
    );
    if (result.exitCode === 0) return true;
    await delay(25 * (round + 1));
  }
  return false;
}
