import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Has the collector look at everything now. It sees only its own heap, and waits for that to grow; what hangs on it outside,
 * or is garbage after one large text, it may leave for long. Some ten milliseconds.
 */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    const exposed: unknown = runInNewContext('gc');
    collect = typeof exposed === 'function' ? () => void Reflect.apply(exposed, undefined, []) : () => {};
  }
  collect();
}
