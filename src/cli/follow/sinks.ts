import type { JournalRecord } from '../../session/events.ts';
import type { SessionRecord } from '../../session/record.ts';
import { formatCursor } from '../../store/cursor.ts';
import type { Followed } from '../../store/follow.ts';
import { damagedJson, eventJson, updateLines } from '../../views/json-log.ts';
import type { Io, Output } from '../io.ts';
import type { Printer } from '../printer.ts';
import { PieceReader } from './blocks.ts';
import { ProgressPrinter, type ProgressStyle } from './progress-printer.ts';
import { readMessage } from './read-news.ts';

type FollowedUpdate = Extract<Followed, { source: 'transcript' }>;

/** Where followed records go: a person, or a program. */
export interface Sink {
  show(followed: Exclude<Followed, { source: 'caught-up' }>): void;
  /** Ends a line that is half printed. */
  finish(): void;
}

export const silentSink: Sink = { show: () => {}, finish: () => {} };

export function textSink(io: Io, output: Output, style: ProgressStyle, before: readonly JournalRecord[]): Sink {
  const reader = new PieceReader(before);
  const printer = new ProgressPrinter(io, output, style);
  return {
    show(followed) {
      const read = reader.read(followed);
      if (read !== null) printer.piece(read.at, read.piece);
    },
    finish: () => printer.finish(),
  };
}

/** One JSON object per record. `raw` adds the agent's message as it came. */
export function jsonSink(printer: Printer, session: Pick<SessionRecord, 'name' | 'id'>, raw: boolean): Sink {
  const updateLine = updateLines(session);
  function showUpdate({ cursor, atMs, turnId, bytes, message: content }: FollowedUpdate): void {
    const read = readMessage(content);
    const message = raw ? (read?.text ?? null) : undefined;
    printer.line(updateLine(formatCursor(cursor), { atMs, turnId, bytes, news: read?.news ?? null, message }));
  }
  return {
    show(followed) {
      switch (followed.source) {
        case 'journal':
          printer.record(eventJson(session, formatCursor(followed.cursor), followed.record));
          return;
        case 'transcript':
          showUpdate(followed);
          return;
        case 'damaged':
          printer.record(damagedJson(session, followed));
          return;
      }
    },
    finish: () => {},
  };
}
