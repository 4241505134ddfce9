import { isAfter, type Cursor } from '../cursor.ts';
import type { Followed, FollowedRecord } from './followed.ts';
import { LineWindow } from './line-window.ts';
import { parseJournalLine, parseTranscriptLine } from './parse-line.ts';
import { cursorOfLine, offsetBefore } from './seek.ts';

export interface Limits {
  readonly journalBytes: number;
  readonly transcriptBytes: number;
}

type Source = 'journal' | 'transcript';
type DamagedPlace = Extract<Followed, { source: 'damaged' }>;

/**
 * Journal and transcript as one sequence. Both share their numbers but reach the disk apart, so a record may be
 * durable before one with a lower number is: as long as that one may still come, the later one is held back.
 * Otherwise a cursor would have a gap behind it.
 */
export class MergedRecords {
  readonly #windows: Readonly<Record<Source, LineWindow>>;
  readonly #heads: Record<Source, FollowedRecord | null> = { journal: null, transcript: null };
  readonly #since: Cursor;
  #seen: Cursor;

  constructor(files: Readonly<Record<Source, string>>, since: Cursor) {
    this.#since = since;
    this.#seen = since;
    this.#windows = {
      journal: new LineWindow(files.journal, offsetBefore(files.journal, since)),
      transcript: new LineWindow(files.transcript, offsetBefore(files.transcript, since)),
    };
  }

  sizes(): Limits {
    return { journalBytes: this.#windows.journal.size(), transcriptBytes: this.#windows.transcript.size() };
  }

  close(): void {
    this.#windows.journal.close();
    this.#windows.transcript.close();
  }

  /**
   * What can be told now.
   * @param complete nothing with a lower number can come any more: the host is dead, or had time enough.
   * @returns true when something is held back.
   */
  *read(limits: Limits, complete: boolean): Generator<Exclude<Followed, { source: 'caught-up' }>, boolean> {
    this.#windows.journal.rewind();
    this.#windows.transcript.rewind();
    for (;;) {
      const journal = yield* this.#head('journal', limits.journalBytes);
      const transcript = yield* this.#head('transcript', limits.transcriptBytes);
      const next = earlier(journal, transcript);
      if (next === null) return false;
      if (!complete && (journal === null || transcript === null) && this.#mayMissOneBefore(next)) return true;
      this.#heads[next.source] = null;
      this.#seen = isAfter(next.cursor, this.#seen) ? next.cursor : this.#seen;
      yield next;
    }
  }

  /**
   * The next record of one file that was not seen, after the damaged lines before it. Those have no place in the order
   * of their own: one with a seen line behind it was there to be seen as well.
   */
  *#head(source: Source, limit: number): Generator<DamagedPlace, FollowedRecord | null> {
    let damaged: DamagedPlace[] = [];
    while (this.#heads[source] === null) {
      const line = this.#windows[source].next(limit);
      if (line === null) break;
      const place = cursorOfLine(line.content);
      if (place !== null && !isAfter(place, this.#since)) {
        damaged = [];
        continue;
      }
      const record = source === 'journal' ? parseJournalLine(line) : parseTranscriptLine(line);
      if (record === null)
        damaged.push({ source: 'damaged', file: source, offset: line.offset, bytes: line.bytes + 1 });
      else this.#heads[source] = record;
    }
    yield* damaged;
    return this.#heads[source];
  }

  /** A new epoch begins when nothing of the old one can come any more, so only holes within an epoch are open. */
  #mayMissOneBefore({ cursor }: FollowedRecord): boolean {
    return cursor.epoch === this.#seen.epoch && cursor.seq > this.#seen.seq + 1;
  }
}

function earlier(a: FollowedRecord | null, b: FollowedRecord | null): FollowedRecord | null {
  if (a === null || b === null) return a ?? b;
  return isAfter(a.cursor, b.cursor) ? b : a;
}
