import { flushCompileCache } from 'node:module';

/**
 * From here on V8 compiles nothing for speed. To look at a hundred sessions and end is too short for that to be worth it:
 * its two compilers are 6 MB of Node's own code that is read in, and 4 MB of memory that they work in. Code that was
 * compiled until now is kept for the next command first, since V8 takes none that was made under other flags.
 */
export function staySmall(): void {
  flushCompileCache();
  // It loads streams, too: for those who have much to do.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}
