import { newsPlaces } from '../../backend/acp/news-places.ts';
import type { JournalRecord } from '../../session/events.ts';
import type { SessionRecord } from '../../session/record.ts';
import { formatCursor } from '../../store/cursor.ts';
import type { Followed } from '../../store/follow.ts';
import type { ByteText } from '../../text/byte-text.ts';
import { damagedJson, eventJson } from '../../views/json-log.ts';
import { addNews, copyNews, UpdateLines } from '../../views/update-lines.ts';
import type { Io, Output } from '../io.ts';
import type { Printer } from '../printer.ts';
import { PieceReader } from './blocks.ts';
import { ProgressPrinter, type ProgressStyle } from './progress-printer.ts';
import { newsOf, readMessage } from './read-news.ts';

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
  const lines = new UpdateLines(session);
  function addUpdate(text: ByteText, { cursor, atMs, turnId, bytes, message }: FollowedUpdate): void {
    lines.begin(text, cursor, atMs, turnId);
    if (raw) {
      const read = readMessage(message);
      addNews(text, read?.news ?? null);
      lines.end(text, bytes, read === null ? null : message);
      return;
    }
    const placed = message === null ? null : newsPlaces(message);
    if (message === null || placed === null || !copyNews(text, message, placed)) addNews(text, newsOf(message));
    lines.end(text, bytes);
  }
  return {
    show(followed) {
      switch (followed.source) {
        case 'journal':
          printer.record(eventJson(session, formatCursor(followed.cursor), followed.record));
          return;
        case 'transcript':
          printer.compose((text) => addUpdate(text, followed));
          return;
        case 'damaged':
          printer.record(damagedJson(session, followed));
          return;
      }
    },
    finish: () => {},
  };
}
