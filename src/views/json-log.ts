import type { JournalRecord } from '../session/events.ts';
import { SCHEMA_VERSION } from './json-session.ts';
import type { AgentNews } from '../session/agent-news.ts';

/** One line of `log --json`, and of `run --json` while it follows. */
export type LogLineJson = LogLineHead &
  (
    | { readonly type: 'event'; readonly event: Readonly<Record<string, unknown>> }
    | {
        readonly type: 'update';
        readonly turnId: string | null;
        /** What conduxt reads of it; null when the line was too long to hold or is none we know. */
        readonly update: AgentNews | null;
        readonly bytes: number;
        /** The agent's message as it came; only with `--raw`. */
        readonly message?: unknown;
      }
  );

export interface LogLineHead {
  readonly schemaVersion: 1;
  readonly session: string;
  readonly sessionId: string;
  /** For `--since`: continues after this line. */
  readonly cursor: string;
  readonly at: string;
}

/** A line of a file that is not what was written. It has no cursor of its own. */
export interface DamagedLineJson {
  readonly schemaVersion: 1;
  readonly type: 'damaged';
  readonly session: string;
  readonly sessionId: string;
  readonly file: 'journal' | 'transcript';
  readonly offset: number;
  readonly bytes: number;
}

export interface SessionLabel {
  readonly name: string;
  readonly id: string;
}

export const logLineHead = <T extends string>(
  type: T,
  session: SessionLabel,
  cursor: string,
  at: string,
): LogLineHead & { readonly type: T } => ({
  schemaVersion: SCHEMA_VERSION,
  type,
  session: session.name,
  sessionId: session.id,
  cursor,
  at,
});

export function eventJson(session: SessionLabel, cursor: string, record: JournalRecord): LogLineJson {
  const { seq: _seq, epoch: _epoch, at, ...rest } = record;
  const { c: _checksum, ...event } = rest as typeof rest & { readonly c?: unknown };
  return { ...logLineHead('event', session, cursor, at), event };
}

export const damagedJson = (
  session: SessionLabel,
  damaged: { readonly file: 'journal' | 'transcript'; readonly offset: number; readonly bytes: number },
): DamagedLineJson => ({
  schemaVersion: SCHEMA_VERSION,
  type: 'damaged',
  session: session.name,
  sessionId: session.id,
  file: damaged.file,
  offset: damaged.offset,
  bytes: damaged.bytes,
});
