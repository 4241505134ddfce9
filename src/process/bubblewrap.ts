import { unavailable } from '../errors.ts';
import { findProgram } from './find-program.ts';
import { run } from './run.ts';

const TRIAL_TIMEOUT_MS = 10_000;

/**
 * The program, tried out: a kernel may forbid what it needs (user namespaces).
 * @param cwd of the repository it will confine an agent to: it is not taken from there.
 * @throws `sandbox-missing`, `sandbox-unusable` (exit 5). There is no quiet way on without it.
 */
export async function requireBubblewrap(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<string> {
  const found = findProgram('bwrap', env, cwd);
  if (found === null) {
    throw unavailable('sandbox-missing', 'The sandbox was asked for, and bubblewrap (bwrap) is not on the PATH.', {
      remedy: 'Install it (apt install bubblewrap), or go on without one: --sandbox none.',
    });
  }
  const trial = ['--ro-bind', '/', '/', '--unshare-pid', '--unshare-ipc', '--dev', '/dev', '--proc', '/proc', 'true'];
  const result = await run(found.program, trial, {
    cwd: '/',
    env: { PATH: found.path },
    timeoutMs: TRIAL_TIMEOUT_MS,
  });
  if (result.exitCode === 0) return found.program;
  throw unavailable('sandbox-unusable', `bubblewrap does not work here: ${result.stderr.trim().slice(0, 300)}`, {
    remedy: 'The kernel has to allow user namespaces to this user. Or go on without a sandbox: --sandbox none.',
  });
}
