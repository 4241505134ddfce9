import { systemCode } from '../../src/errors.ts';
import { markedPids } from '../../src/process/marker.ts';

/** Kills all that carries a session's marker; what ends by itself between the look and the kill counts as killed. */
export function killMarked(sessionId: string): void {
  for (const pid of markedPids(sessionId)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }
}
