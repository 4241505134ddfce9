import { spawn } from 'node:child_process';
import { messageOf, unavailable } from '../errors.ts';
import { findProgram } from '../process/find-program.ts';
import type { TmuxServer } from './server.ts';

/**
 * Shows a session in the person's own terminal until they leave. Watching only: no key but those for leaving reaches
 * the agent, and the pane keeps its size. With `write`, what is typed goes to the agent.
 * @returns when they have left, or the session ended.
 */
export function attachTo(
  server: TmuxServer,
  sessionId: string,
  { write, terminal }: { readonly write: boolean; readonly terminal: string },
): Promise<void> {
  const flags = write ? ['-f', 'ignore-size'] : ['-r'];
  const args = server.clientArguments('attach-session', ...flags, '-t', sessionId);
  return new Promise((resolve, reject) => {
    const found = findProgram('tmux', server.clientEnvironment, process.cwd());
    if (found === null) {
      reject(unavailable('tmux-failed', 'tmux cannot be started: it is not on the PATH'));
      return;
    }
    const child = spawn(found.program, args, {
      stdio: 'inherit',
      env: { ...server.clientEnvironment, PATH: found.path, TERM: terminal },
    });
    child.once('error', (error) => reject(unavailable('tmux-failed', `tmux cannot be started: ${messageOf(error)}`)));
    child.once('exit', () => resolve());
  });
}
