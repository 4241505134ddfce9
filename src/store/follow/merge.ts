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
const SOURCES: readonly Source[] = ['journal', 'transcript'];
type Told = Exclude<Followed, { source: 'caught-up' }>;

/** Enough to make the rest of the work cheap, and a pause between two of them short. */
const BATCH_RECORDS = 512;
const BATCH_BYTES = 256 * 1024;

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
  /** Of the last update that was read. */
  #turnId: string | null = null;
  /** The last read found an end, which may be another one by now. */
  #isAtEnd = true;
  /** The lines before the first one that was not seen are passed over; their numbers only rise. */
  readonly #isPast: Record<Source, boolean> = { journal: false, transcript: false };

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
   * Some of what can be told now; nothing when that is all. A batch is small enough to hold: a message is 8 MiB at most.
   * Its messages are good until the next one is read.
   * @param complete nothing with a lower number can come any more: the host is dead, or had time enough.
   * @returns `held`: something waits for a record with a lower number.
   */
  read(limits: Limits, complete: boolean): { readonly batch: readonly Told[]; readonly held: boolean } {
    const batch: Told[] = [];
    let bytes = 0;
    for (const source of SOURCES) {
      if (this.#isAtEnd) this.#windows[source].rewind();
      // What waits to be told stands in the same memory.
      if (this.#heads[source] === null) this.#windows[source].reuse();
    }
    this.#isAtEnd = true;
    for (;;) {
      const journal = this.#head('journal', limits.journalBytes, batch);
      const transcript = this.#head('transcript', limits.transcriptBytes, batch);
      const next = earlier(journal, transcript);
      if (next === null) return { batch, held: false };
      if (!complete && (journal === null || transcript === null) && this.#mayMissOneBefore(next))
        return { batch, held: true };
      this.#heads[next.source] = null;
      this.#seen = isAfter(next.cursor, this.#seen) ? next.cursor : this.#seen;
      batch.push(next);
      bytes += next.source === 'transcript' ? next.bytes : 0;
      if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
      this.#isAtEnd = false;
      return { batch, held: false };
    }
  }

  /**
   * The next record of one file that was not seen, after the damaged lines before it. Those have no place in the order
   * of their own: one with a seen line behind it was there to be seen as well.
   */
  #head(source: Source, limit: number, batch: Told[]): FollowedRecord | null {
    return this.#heads[source] ?? (this.#heads[source] = this.#nextUnseen(source, limit, batch));
  }

  #nextUnseen(source: Source, limit: number, batch: Told[]): FollowedRecord | null {
    const firstDamaged = batch.length;
    for (let line = this.#windows[source].next(limit); line !== null; line = this.#windows[source].next(limit)) {
      if (!this.#isPast[source]) {
        const place = cursorOfLine(line.content);
        this.#isPast[source] = place !== null && isAfter(place, this.#since);
        if (place !== null && !this.#isPast[source]) {
          batch.length = firstDamaged;
          continue;
        }
      }
      const record = source === 'journal' ? parseJournalLine(line) : parseTranscriptLine(line, this.#turnId);
      if (record !== null) {
        if (record.source === 'transcript') this.#turnId = record.turnId;
        return record;
      }
      batch.push({ source: 'damaged', file: source, offset: line.offset, bytes: line.bytes + 1 });
    }
    return null;
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
