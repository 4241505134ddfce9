import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isoTime, type Clock } from '../clock.ts';
import { ConduxtError, heldElsewhere, ioError, systemCode } from '../errors.ts';
import { AppendFile } from '../journal/append-file.ts';
import { readJournal, type DamagedLine } from '../journal/read-journal.ts';
import { encodeRecord } from '../journal/record-line.ts';
import { lastTranscriptSeq } from '../journal/transcript-tail.ts';
import { TRANSCRIPT_END, transcriptHead } from '../journal/transcript.ts';
import type { JournalRecord, SessionEvent } from '../session/events.ts';
import { applyRecord, foldSession, type FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionPaths } from '../store/paths.ts';
import type { WatchReply } from '../control/protocol.ts';

/** How long the first update of a group waits for company before the transcript is synced. */
const TRANSCRIPT_SETTLE_MS = 10;
/** Between two tries when the disk is full: a person has to make room. */
const RETRY_MS = 500;
const NO_ROOM: ReadonlySet<string> = new Set(['journal-write-failed', 'disk-full']);

/** The disk did not take it, and may take it later. */
export const isWithoutRoom = (error: unknown): error is ConduxtError =>
  error instanceof ConduxtError && NO_ROOM.has(error.code);

/**
 * Journal and transcript of one session behind one sequence number, and the fold over the journal. The host's only
 * way to write either. The caller holds the session's lock.
 */
export class SessionLog {
  readonly folded: FoldedSession;
  readonly epoch: number;
  /** Lines of the journal that could not be read when it was replayed. */
  readonly damaged: readonly DamagedLine[];
  readonly #journal: AppendFile;
  readonly #transcript: AppendFile;
  readonly #clock: Clock;
  /** This file is made by whoever becomes the host after us. */
  readonly #nextEpoch: string;
  readonly #watchers = new Set<(reply: WatchReply) => void>();
  readonly #listeners = new Set<(record: JournalRecord) => void>();
  #seq: number;
  /** Writes of the host's own that the disk has no room for. */
  #withoutRoom = 0;

  private constructor(options: {
    folded: FoldedSession;
    epoch: number;
    seq: number;
    journal: AppendFile;
    transcript: AppendFile;
    clock: Clock;
    nextEpoch: string;
    damaged: readonly DamagedLine[];
  }) {
    this.folded = options.folded;
    this.epoch = options.epoch;
    this.#seq = options.seq;
    this.#journal = options.journal;
    this.#transcript = options.transcript;
    this.#clock = options.clock;
    this.#nextEpoch = options.nextEpoch;
    this.damaged = options.damaged;
    for (const file of [this.#journal, this.#transcript]) file.onSynced(() => this.#announce());
  }

  /** Replays the journal, cuts torn tails, and begins a new epoch. */
  static async open(paths: SessionPaths, clock: Clock): Promise<SessionLog> {
    const contents = readJournal(paths.journal);
    const folded = foldSession(contents.records);
    const tail = lastTranscriptSeq(paths.transcript);
    const journal = await AppendFile.open(paths.journal, contents.end);
    const transcript = await AppendFile.open(paths.transcript, tail.end, {
      settleMs: TRANSCRIPT_SETTLE_MS,
      retryMs: RETRY_MS,
    });
    const epoch = beginEpoch(paths.epochs, folded.epoch);
    const log = new SessionLog({
      folded,
      epoch,
      seq: Math.max(folded.seq, tail.seq),
      journal,
      transcript,
      clock,
      nextEpoch: epochFile(paths.epochs, epoch + 1),
      damaged: contents.damaged,
    });
    if (contents.tornBytes > 0) await log.append({ type: 'journal-recovered', bytesCut: contents.tornBytes });
    return log;
  }

  /** The journal's records so far, from disk: for what the fold does not keep. */
  static readAll(paths: SessionPaths): readonly JournalRecord[] {
    return readJournal(paths.journal).records;
  }

  /**
   * Resolves when the event is on stable storage and folded. Rejects (`journal-write-failed`, `journal-sync-failed`)
   * when it is neither: then it has not happened. Rejects too (`journal-deposed`) when a later epoch has begun: a host
   * that lost its session may change nothing any more.
   */
  async append(event: SessionEvent): Promise<JournalRecord> {
    if (existsSync(this.#nextEpoch)) {
      throw heldElsewhere('journal-deposed', 'Another host has taken over this session.', {
        remedy: 'Run the command again: the new host answers it.',
      });
    }
    this.#seq += 1;
    const record: JournalRecord = { seq: this.#seq, epoch: this.epoch, at: isoTime(this.#clock.now()), ...event };
    await this.#journal.append(encodeRecord(record));
    applyRecord(this.folded, record);
    for (const listener of this.#listeners) listener(record);
    return record;
  }

  /** As `append` for each, in one write and one sync: a reader finds all of them or, as yet, none. */
  async appendTogether(events: readonly SessionEvent[]): Promise<void> {
    // Begun in one go, all of them are in the journal's next group.
    await Promise.all(events.map((event) => this.append(event)));
  }

  /** As `append`, but waits for space on a full disk: for what has already happened in the world. */
  appendPatiently(event: SessionEvent): Promise<JournalRecord> {
    return this.withRoom(() => this.append(event));
  }

  /** Does `write` again until the disk has room for it. For the host's own writes: nobody could be told to try again. */
  async withRoom<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!isWithoutRoom(error)) throw error;
        this.#withoutRoom += 1;
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
        this.#withoutRoom -= 1;
      }
    }
  }

  /** Something that has happened waits for room on the disk. */
  get waitsForRoom(): boolean {
    return this.#withoutRoom > 0 || this.#transcript.waitsForRoom;
  }

  /** Why journal or transcript take nothing more, in this process; null as long as they do. */
  get broken(): Error | null {
    return this.#journal.broken ?? this.#transcript.broken;
  }

  /** Calls `listener` when one of them breaks: nobody waits for what an agent says. */
  onBroken(listener: (error: Error) => void): void {
    for (const file of [this.#journal, this.#transcript]) file.onBroken(listener);
  }

  /** Adds one message of the agent. The returned promise, if any, asks the agent's reader to wait. */
  transcribe(turnId: string | null, message: Buffer): void | Promise<void> {
    this.#seq += 1;
    const head = transcriptHead({ seq: this.#seq, epoch: this.epoch, atMs: this.#clock.now(), turnId }, message);
    // A sync that failed is told by `onBroken`: to the file it happened to, so the journal may well go on.
    const written = this.#transcript.append(head, message, TRANSCRIPT_END);
    return this.#transcript.isFull ? written : undefined;
  }

  /** Everything appended so far is folded: what a reader has seen in the file, the fold has seen too. */
  flushJournal(): Promise<void> {
    return this.#journal.flush();
  }

  /** Everything transcribed so far is on stable storage. Rejects when it cannot be. */
  flushTranscript(): Promise<void> {
    return this.#transcript.flush();
  }

  /** Calls `listener` with each record after it is durable and folded; the returned function ends that. */
  onRecord(listener: (record: JournalRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells how much of both files is durable, now and after every sync, until the returned function is called. */
  watch(send: (reply: WatchReply) => void): () => void {
    this.#watchers.add(send);
    send(this.#durable());
    return () => this.#watchers.delete(send);
  }

  async close(): Promise<void> {
    await this.#transcript.close();
    await this.#journal.close();
  }

  #durable(): WatchReply {
    return { journalBytes: this.#journal.syncedBytes, transcriptBytes: this.#transcript.syncedBytes };
  }

  #announce(): void {
    if (this.#watchers.size === 0) return;
    const reply = this.#durable();
    for (const send of this.#watchers) send(reply);
  }
}

const epochFile = (directory: string, epoch: number): string => path.join(directory, String(epoch).padStart(6, '0'));

/**
 * The next epoch, made by a file that must not exist yet: even two hosts that both believed to hold the lock could
 * not get the same one.
 */
function beginEpoch(directory: string, folded: number): number {
  const taken = readdirSync(directory).map(Number).filter(Number.isInteger);
  for (let epoch = Math.max(folded, ...taken, 0) + 1; ; epoch += 1) {
    try {
      writeFileSync(epochFile(directory, epoch), '', { flag: 'wx', mode: 0o600 });
      return epoch;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue;
      throw ioError('state-unwritable', `No new epoch could be begun in ${directory}.`, { cause: error });
    }
  }
}

/** A prompt's text as it was acknowledged. */
export function readPrompt(file: string): string {
  return readFileSync(file, 'utf8');
}
