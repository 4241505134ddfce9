import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path as agents name it: plain, a `file:` URL, below the home directory. Null for what is no path here. */
export function namedPath(named: string, home: string | null = null): string | null {
  if (named.includes('\0')) return null;
  if (named.startsWith('~')) return home !== null && named.startsWith('~/') ? path.join(home, named.slice(2)) : null;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(named)) return named;
  try {
    return fileURLToPath(named);
  } catch {
    // Not a file: URL, or one with a host or an encoded slash.
    return null;
  }
}
