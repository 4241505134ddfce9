import { runProgram } from './rehearsal-programs.ts';

const IDENTITY = ['-c', 'user.name=Conduxt Rehearsal', '-c', 'user.email=rehearsal@conduxt.invalid'];

/**
 * Commits these files and nothing else, with the repository's hooks. `ok` too when there was nothing to commit.
 * The author is whoever is configured (the environment goes before configuration); the rehearsal where nobody is.
 */
export async function commitFiles(
  cwd: string,
  files: readonly string[],
  message: string,
  signal: AbortSignal,
): Promise<{ ok: boolean; text: string }> {
  const git = (...args: string[]): ReturnType<typeof runProgram> => runProgram(['git', ...args], cwd, signal);
  const added = await git('add', '--', ...files);
  if (added.exitCode !== 0) return { ok: false, text: added.output };
  const unchanged = await git('diff', '--cached', '--quiet', '--', ...files);
  if (unchanged.exitCode === 0) return { ok: true, text: 'nothing to commit' };
  const known = (await git('config', 'user.email')).exitCode === 0;
  const committed = await git(...(known ? [] : IDENTITY), 'commit', '-m', message, '--', ...files);
  return { ok: committed.exitCode === 0, text: committed.output };
}

/** The branch the agent is on; `HEAD` when it is on none. */
export async function currentBranch(cwd: string, signal: AbortSignal): Promise<string> {
  return (await runProgram(['git', 'rev-parse', '--abbrev-ref', 'HEAD'], cwd, signal)).output.trim();
}
