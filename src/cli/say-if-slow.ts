import type { Printer } from './printer.ts';

/** Shorter waits need no explanation. */
const SLOW_MS = 2000;

/** Waits for `work`, and says on stderr what is waited for when that takes longer than people expect. */
export async function sayIfSlow<T>(printer: Printer, text: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => printer.note(text, 'dim'), SLOW_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
