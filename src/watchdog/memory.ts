import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { systemCode } from '../errors.ts';
import { replaceFile } from '../store/durable-files.ts';
import type { SessionPaths } from '../store/paths.ts';

/** One try to bring a session back. */
export interface Try {
  readonly atMs: number;
  /** What was wrong, in a few words. */
  readonly why: string;
  /** Null when the host got ready. */
  readonly problem: string | null;
}

/**
 * What the watchdog knows of one session from one pass to the next. A cache but for two things that must not be
 * forgotten: how long recovery has been failing, and which facts people were told. Losing the file repeats a few tries.
 */
export interface WatchMemory {
  readonly tries: readonly Try[];
  /** How often in a row it was tried; `tries` keeps only the last of them. */
  readonly tried: number;
  /** Of the last try: a machine that was restarted since is tried again at once. Null while nothing fails. */
  readonly bootId: string | null;
  /** Before this, nothing is tried again. */
  readonly nextTryAtMs: number | null;
  /** Time in which recovery was failing; parked and waiting time is not in it. */
  readonly failingMs: number;
  /** When that time was last added to; null while nothing fails. */
  readonly countedAtMs: number | null;
  /** Keys of facts that were told or acted upon. */
  readonly noted: readonly string[];
  readonly gaveUp: boolean;
  /** The last look: for `why`. */
  readonly lookedAtMs: number | null;
  readonly rule: string | null;
}

export const noMemory: WatchMemory = {
  tries: [],
  tried: 0,
  bootId: null,
  nextTryAtMs: null,
  failingMs: 0,
  countedAtMs: null,
  noted: [],
  gaveUp: false,
  lookedAtMs: null,
  rule: null,
};

/** Enough to see a pattern; five hours of doubling pauses are seven tries. */
export const KEPT_TRIES = 12;
const KEPT_NOTES = 40;

const time = z.number().finite().nullable();
const stored = z.object({
  schemaVersion: z.literal(1),
  tries: z.array(z.object({ atMs: z.number(), why: z.string(), problem: z.string().nullable() })),
  tried: z.number(),
  bootId: z.string().nullable().default(null),
  nextTryAtMs: time,
  failingMs: z.number(),
  countedAtMs: time,
  noted: z.array(z.string()),
  gaveUp: z.boolean(),
  lookedAtMs: time,
  rule: z.string().nullable(),
});

export const memoryFile = (paths: Pick<SessionPaths, 'dir'>): string => path.join(paths.dir, 'watchdog.json');

/** What is there, or nothing: a file that cannot be understood is as good as none. */
export function readMemory(paths: Pick<SessionPaths, 'dir'>): WatchMemory {
  let text: string;
  try {
    text = readFileSync(memoryFile(paths), 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return noMemory;
  }
  return parseMemory(text);
}

export function parseMemory(text: string): WatchMemory {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return noMemory;
  }
  const parsed = stored.safeParse(value);
  if (!parsed.success) return noMemory;
  const { schemaVersion: _, ...memory } = parsed.data;
  return memory;
}

/** Durable when it returns. @throws `disk-full`, `state-unwritable`. */
export function writeMemory(paths: Pick<SessionPaths, 'dir'>, memory: WatchMemory): void {
  const kept = { ...memory, tries: memory.tries.slice(-KEPT_TRIES), noted: memory.noted.slice(-KEPT_NOTES) };
  replaceFile(memoryFile(paths), `${JSON.stringify({ schemaVersion: 1, ...kept })}\n`);
}

/** True when nothing but the time of the look differs: then it need not be written. */
export function isSameMemory(one: WatchMemory, other: WatchMemory): boolean {
  const essence = (memory: WatchMemory): string => JSON.stringify({ ...memory, lookedAtMs: null });
  return essence(one) === essence(other);
}
