import { lstatSync, statSync } from 'node:fs';
import { refused } from '../errors.ts';

/** The code of the refusal of `requireTrustedHome`. */
export const UNSAFE_HOME = 'state-unsafe';

/**
 * Nobody but us (and root) may be able to change the state directory: what is in it says which programs are run.
 * @throws `state-unsafe` (exit 6) when others can write to it, or when it is another user's. One that is not there is fine.
 */
export function requireTrustedHome(home: string): void {
  const found = statSync(home, { throwIfNoEntry: false });
  const owner = process.getuid?.();
  if (found === undefined || owner === undefined) return;
  const isOthers = owner !== 0 && found.uid !== owner && found.uid !== 0;
  if ((found.mode & 0o002) === 0 && !isOthers) return;
  const why = isOthers ? 'belongs to another user' : 'can be written by everybody';
  throw refused(UNSAFE_HOME, `The state directory ${home} ${why}: they could have you run their programs.`, {
    remedy: isOthers ? 'Set CONDUXT_HOME to a directory of your own.' : `Run: chmod 700 ${home}`,
  });
}

/**
 * The same of one session: who could write to the state directory for a moment may have left one there, and its record says
 * which agent, tests and notifiers are run. @throws `session-unsafe` (exit 6). One that is not there is fine.
 */
export function requireTrustedSession(directory: string): void {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  const owner = process.getuid?.();
  if (found === undefined || owner === undefined) return;
  const isOthers = owner !== 0 && found.uid !== owner;
  if (found.isDirectory() && !isOthers && (found.mode & 0o022) === 0) return;
  const why = isOthers ? 'belongs to another user' : 'can be written by others';
  throw refused('session-unsafe', `The session in ${directory} ${why}: they could have you run their programs.`, {
    remedy: `If it is none of yours, remove it${isOthers ? '' : `; else run: chmod 700 ${directory}`}.`,
  });
}
