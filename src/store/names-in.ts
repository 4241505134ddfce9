import { readdirSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** Names of what is in a directory, in no order; none when it is not there, or no directory. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
