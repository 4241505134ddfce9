import { flushCompileCache } from 'node:module';

/** Of this process. */
let isPreferred = false;

/**
 * From here on the collector is to prefer little memory to speed: a host mostly waits, beside many others. Said when its
 * start is over, since V8 takes no compiled code that was made under other flags: as a flag of the command line it has
 * Node compile all of its own modules anew (12 ms of a start's processor time), and ours.
 * What was compiled until now is kept for the next host first.
 */
export async function preferSmallHeap(): Promise<void> {
  if (isPreferred) return;
  isPreferred = true;
  flushCompileCache();
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--optimize-for-size');
}
