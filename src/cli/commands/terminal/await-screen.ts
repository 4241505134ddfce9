import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../clock.ts';
import type { Readiness } from '../../../placement/readiness.ts';
import type { VerbContext } from '../../context.ts';
import { onCtrlC } from '../../ctrl-c.ts';

/** A pane that nobody supervises has no log that could be watched. */
const LOOK_EVERY_MS = 1_000;

/** Looks at a screen once a second until something is found on it. */
export async function awaitScreen(
  { io }: VerbContext,
  found: () => Promise<string | null>,
  timeoutMs: number,
): Promise<Readiness> {
  const interrupt = onCtrlC(io);
  const end = monotonicMs() + timeoutMs;
  try {
    for (;;) {
      const matched = await found();
      if (matched !== null) return { state: 'ready', matched };
      const leftMs = end - monotonicMs();
      if (leftMs <= 0) return { state: 'running-or-hung' };
      if (interrupt.signal.aborted) return { state: 'left' };
      // An abort is looked at above.
      await delay(Math.min(leftMs, LOOK_EVERY_MS), null, { signal: interrupt.signal }).catch(() => {});
    }
  } finally {
    interrupt.dispose();
  }
}
