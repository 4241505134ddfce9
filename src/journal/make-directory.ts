import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';

/**
 * Makes a directory and its missing parents. Node's own recursive `mkdir` never returns where a parent exists but
 * takes no children (`/proc/x`, measured with Node 24); here that is an error of the system like any other.
 */
export function makeDirectory(directory: string, mode: number): void {
  if (isMade(directory, mode)) return;
  const parent = path.dirname(directory);
  if (parent !== directory) makeDirectory(parent, mode);
  if (!isMade(directory, mode)) mkdirSync(directory, mode);
}

/** False when the parent is missing. */
function isMade(directory: string, mode: number): boolean {
  try {
    mkdirSync(directory, mode);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return false;
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return true;
    throw error;
  }
}
