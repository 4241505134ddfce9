import { readdirSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** Names of what is in a directory, in no order; none when it is not there. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
