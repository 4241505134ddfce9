import { ConduxtError } from '../../errors.ts';
import type { VerbContext } from '../context.ts';
import { watchdogState } from '../watchdog-status.ts';
import { good, note, type Check } from './check.ts';

/** Whether something looks after the sessions when nobody is there. */
export async function checkWatchdog({ io, places }: VerbContext): Promise<Check> {
  const { where, wrong, remedy } = await watchdogState({ io, places }).catch((error: unknown) => {
    if (!(error instanceof ConduxtError)) throw error;
    return { where: 'nobody knows where', wrong: error.message, remedy: 'conduxt watchdog install' };
  });
  if (where === null)
    return note('watchdog', 'is not installed: what dies goes on with the next command', 'conduxt watchdog install');
  return wrong === null
    ? good('watchdog', `runs every few minutes: ${where}`)
    : note('watchdog', `is installed (${where}), and does not run: ${wrong}`, remedy);
}
