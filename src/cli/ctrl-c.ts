import type { Io } from './io.ts';

/**
 * Aborts at Ctrl-C, or when we are told to end in another way, which then no longer ends the process. `dispose` gives
 * that its usual meaning back.
 */
export function onCtrlC(io: Io): { readonly signal: AbortSignal; dispose(): void } {
  const interrupt = new AbortController();
  return { signal: interrupt.signal, dispose: io.onInterrupt(() => interrupt.abort()) };
}
