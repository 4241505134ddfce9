import { systemCode } from '../../src/errors.ts';
import { isAlive } from '../../src/process/identity.ts';
import type { ProcessIdentity } from '../../src/session/events.ts';

/**
 * SIGKILL for a process that a record names, if it still is that process: numbers come round in minutes where much is
 * started, and a long journal names hundreds.
 * @returns false when it had ended.
 */
export function killRecorded(identity: ProcessIdentity): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, 'SIGKILL');
    return true;
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
    return false;
  }
}
