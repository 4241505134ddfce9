import { progressOf, newProgressMemory, type ProgressLine } from '../../views/progress.ts';
import { newNewsMemory, pieceOf, type ProgressPiece } from '../../views/progress-update.ts';
import { formatBytes } from '../../views/quantities.ts';
import type { Followed } from '../../store/follow.ts';
import type { JournalRecord } from '../../session/events.ts';
import { newsOf } from './read-news.ts';

/** Turns what is followed into pieces of progress, remembering what later pieces refer to. */
export class PieceReader {
  readonly #memory = newProgressMemory();
  readonly #news = newNewsMemory();

  /** @param before what the reader has not shown and later pieces count on: turns and fix rounds go on from there. */
  constructor(before: readonly JournalRecord[]) {
    for (const record of before) progressOf(this.#memory, record);
  }

  read(followed: Exclude<Followed, { source: 'caught-up' }>): { at: string | null; piece: ProgressPiece } | null {
    switch (followed.source) {
      case 'journal': {
        const line = progressOf(this.#memory, followed.record);
        return line === null ? null : { at: followed.record.at, piece: { type: 'line', line } };
      }
      case 'transcript': {
        const at = new Date(followed.atMs).toISOString();
        if (followed.message === null) return { at, piece: { type: 'line', line: tooLong(followed.bytes) } };
        const news = newsOf(followed.message);
        const piece = news === null ? null : pieceOf(this.#news, news);
        return piece === null ? null : { at, piece };
      }
      case 'damaged':
        return { at: null, piece: { type: 'line', line: damaged(followed) } };
    }
  }
}

const tooLong = (bytes: number): ProgressLine => ({
  label: 'agent',
  text: `a message of ${formatBytes(bytes)} is not shown; it is in the transcript`,
  tone: 'dim',
});

const damaged = (place: Extract<Followed, { source: 'damaged' }>): ProgressLine => ({
  label: 'damaged',
  text: `${formatBytes(place.bytes)} at offset ${place.offset} of the ${place.file}`,
  tone: 'bad',
});

/** A whole unit of what is shown: a line, or all pieces of one message or thought put together. */
export interface Block {
  readonly at: string | null;
  readonly piece: ProgressPiece;
}

/** Of a message that goes on and on, its end is kept. */
const MAX_BLOCK_CHARS = 64 * 1024;

/** Puts pieces that belong together into one block. */
export class BlockBuilder {
  #open: { at: string | null; type: 'message' | 'thought'; messageId: string | null; text: string } | null = null;

  /** @returns the blocks that `piece` completes. */
  push(at: string | null, piece: ProgressPiece): readonly Block[] {
    if (piece.type === 'line') return [...this.flush(), { at, piece }];
    const messageId = piece.type === 'message' ? piece.messageId : null;
    if (this.#open?.type === piece.type && this.#open.messageId === messageId) {
      const text = this.#open.text + piece.text;
      this.#open.text = text.length > 2 * MAX_BLOCK_CHARS ? `…${text.slice(-MAX_BLOCK_CHARS)}` : text;
      return [];
    }
    const done = this.flush();
    this.#open = { at, type: piece.type, messageId, text: piece.text };
    return done;
  }

  flush(): readonly Block[] {
    if (this.#open === null) return [];
    const { at, type, messageId, text } = this.#open;
    this.#open = null;
    return [{ at, piece: type === 'message' ? { type, text, messageId } : { type, text } }];
  }
}
