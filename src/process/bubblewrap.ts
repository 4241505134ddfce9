import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { unavailable } from '../errors.ts';
import { run } from './run.ts';

const TRIAL_TIMEOUT_MS = 10_000;

/** The first `bwrap` of these directories, or null. */
export function findBubblewrap(directories: readonly string[]): string | null {
  for (const directory of directories) {
    const program = path.join(directory, 'bwrap');
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not here.
    }
  }
  return null;
}

/**
 * The program, tried out: a kernel may forbid what it needs (user namespaces).
 * @throws `sandbox-missing`, `sandbox-unusable` (exit 5). There is no quiet way on without it.
 */
export async function requireBubblewrap(directories: readonly string[]): Promise<string> {
  const program = findBubblewrap(directories);
  if (program === null) {
    throw unavailable('sandbox-missing', 'The sandbox was asked for, and bubblewrap (bwrap) is not on the PATH.', {
      remedy: 'Install it (apt install bubblewrap), or go on without one: --sandbox none.',
    });
  }
  const trial = ['--ro-bind', '/', '/', '--unshare-pid', '--unshare-ipc', '--dev', '/dev', '--proc', '/proc', 'true'];
  const result = await run(program, trial, {
    cwd: '/',
    env: { PATH: directories.join(':') },
    timeoutMs: TRIAL_TIMEOUT_MS,
  });
  if (result.exitCode === 0) return program;
  throw unavailable('sandbox-unusable', `bubblewrap does not work here: ${result.stderr.trim().slice(0, 300)}`, {
    remedy: 'The kernel has to allow user namespaces to this user. Or go on without a sandbox: --sandbox none.',
  });
}
