import { statfsSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { formatBytes } from '../views/quantities.ts';

/** Less than a journal's record and its directory entry need. */
const NO_ROOM_BYTES = 16 * 1024;

/** A sentence when the state directory has no room left: its hosts then wait, silently, since they can write nothing. */
export function fullStateDisk(home: string): string | null {
  let left: number;
  try {
    const disk = statfsSync(home);
    left = disk.bavail * disk.bsize;
  } catch (error) {
    // There is nothing there yet.
    if (systemCode(error) === undefined) throw error;
    return null;
  }
  if (left >= NO_ROOM_BYTES) return null;
  return `The disk of ${home} is full (${formatBytes(left)} left): running sessions wait for room, then go on by themselves.`;
}
