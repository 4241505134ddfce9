import type { Clock } from '../clock.ts';
import type { SessionRecord, TaskSpec } from '../session/record.ts';
import type { SessionPaths } from '../store/paths.ts';
import type { MayGoOn } from '../text/secret-beginnings.ts';
import type { SessionLog } from './session-log.ts';
import type { Turnstile } from './turnstile.ts';

/** What every part of one host shares. Nothing in it changes while the host lives, but the log grows. */
export interface HostContext {
  readonly home: string;
  readonly runtimeDir: string;
  readonly slotsDir: string;
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  readonly log: SessionLog;
  readonly clock: Clock;
  /** What is decided from the log and then written passes here: two answers to one question must not both find it open. */
  readonly turnstile: Turnstile;
  /** The host's own environment: the caller's without markers. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes secrets out of text before it reaches disk. */
  readonly redact: (text: string) => string;
  /** Whether a text may end in the beginning of what `redact` takes out. */
  readonly mayGoOn: MayGoOn;
  /** A line in `host.log`, for whoever has to find out what happened. */
  readonly note: (text: string) => void;
}

/** The record of a task always has one; anything else is a bug of the caller. */
export function requireTask({ record }: HostContext): TaskSpec {
  if (record.task === null) throw new Error(`session ${record.name} has no task`);
  return record.task;
}
