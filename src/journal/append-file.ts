import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ioError, messageOf } from '../errors.ts';

/** Bytes that may wait in memory before `append` asks its caller to slow down. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** A group of that many bytes waits for no more company: a sync costs less than writing them does. */
const FULL_GROUP_BYTES = 256 * 1024;

export interface Pace {
  /** How long the first of a group waits for company before the write, unless much comes at once. */
  readonly settleMs: number;
  /**
   * Null: a write that fails refuses its callers. Otherwise the same group is tried again, in its place, until there is
   * room: for what has happened already and must not change its order.
   */
  readonly retryMs: number | null;
}
const AT_ONCE: Pace = { settleMs: 0, retryMs: null };

/** Whoever appends hears of it; nobody else has to. */
function refuse(error: Error): Promise<void> {
  const refused = Promise.reject<void>(error);
  refused.catch(() => {});
  return refused;
}

/**
 * What goes to the file with one write. Its bytes are copied together as they come: hundreds of thousands of small
 * buffers and promises that wait side by side cost the collector more than everything else that is done to them.
 */
class Group {
  readonly durable = Promise.withResolvers<void>();
  #memory: Buffer;
  #length = 0;

  constructor(memory: Buffer) {
    this.#memory = memory;
    // As in `refuse`.
    this.durable.promise.catch(() => {});
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** To be used again once the bytes are in the file. */
  get memory(): Buffer {
    return this.#memory;
  }

  add(piece: Buffer | string): void {
    const end = this.#length + piece.length;
    if (end > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#memory.length));
      this.bytes.copy(larger);
      this.#memory = larger;
    }
    if (typeof piece === 'string') this.#memory.write(piece, this.#length, 'latin1');
    else piece.copy(this.#memory, this.#length);
    this.#length = end;
  }
}

const FIRST_MEMORY_BYTES = 4 * 1024;

/**
 * An append-only file with group commit: everything that waits is written with one write and made durable with one
 * `fdatasync`, then all its callers go on. One writer; the caller holds the session's lock.
 *
 * - A short write or a full disk: the file is cut back to its last good byte, the callers are refused, and the next
 *   append is tried afresh. Nothing acknowledged is lost, no half line stays.
 * - A failed sync: the kernel may have dropped the pages, so nothing more is accepted until a restart re-reads the
 *   file (PostgreSQL's lesson of 2018; "Can applications recover from fsync failures?", ATC 2020).
 * - A file that was deleted while it was open keeps nothing: from then on nothing is accepted either.
 */
export class AppendFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #pace: Pace;
  #end: number;
  #synced: number;
  /** What comes while another group is being written. */
  #waiting: Group | null = null;
  #spare: Buffer | null = null;
  #hurry: () => void = () => {};
  #running: Promise<void> | null = null;
  #broken: Error | null = null;
  #waitsForRoom = false;
  #onSynced: (bytes: number) => void = () => {};
  #onBroken: (error: Error) => void = () => {};

  private constructor(filePath: string, handle: FileHandle, end: number, pace: Pace) {
    this.path = filePath;
    this.#handle = handle;
    this.#end = end;
    this.#synced = end;
    this.#pace = pace;
  }

  /**
   * @param end where the good part of the file ends; anything behind it is cut off.
   */
  static async open(filePath: string, end: number | 'size', pace: Pace = AT_ONCE): Promise<AppendFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const handle = await open(filePath, flags, 0o600);
    try {
      const { size } = await handle.stat();
      const goodEnd = end === 'size' ? size : end;
      if (size > goodEnd) {
        await handle.truncate(goodEnd);
        await handle.datasync();
      }
      await syncDirectory(path.dirname(filePath));
      return new AppendFile(filePath, handle, goodEnd, pace);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes that are on stable storage. */
  get syncedBytes(): number {
    return this.#synced;
  }

  /** Why nothing more is accepted; null as long as nothing stands against it. */
  get broken(): Error | null {
    return this.#broken;
  }

  /** The last write found no room, and is tried again. */
  get waitsForRoom(): boolean {
    return this.#waitsForRoom;
  }

  /** True when the caller should wait for its append before it produces more. */
  get isFull(): boolean {
    return (this.#waiting?.length ?? 0) > HIGH_WATER_BYTES;
  }

  /** Called after every sync with `syncedBytes`. One listener. */
  onSynced(listener: (bytes: number) => void): void {
    this.#onSynced = listener;
  }

  /** Called once, when nothing more is accepted. One listener. */
  onBroken(listener: (error: Error) => void): void {
    this.#onBroken = listener;
  }

  /**
   * Adds the pieces, one behind the other; a text is ASCII. Resolves when they are on stable storage; rejects when they
   * are not in the file.
   */
  append(...pieces: readonly (Buffer | string)[]): Promise<void> {
    if (this.#broken !== null) return refuse(this.#broken);
    this.#waiting ??= this.#newGroup();
    const { durable } = this.#waiting;
    for (const piece of pieces) this.#waiting.add(piece);
    if (this.#waiting.length >= FULL_GROUP_BYTES) this.#hurry();
    this.#running ??= this.#commitAll();
    return durable.promise;
  }

  #newGroup(): Group {
    const memory = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_MEMORY_BYTES);
    this.#spare = null;
    return new Group(memory);
  }

  /** Resolves when everything appended is on stable storage or was refused. Rejects when nothing more is accepted. */
  async flush(): Promise<void> {
    await this.#drained();
    if (this.#broken !== null) throw this.#broken;
  }

  async close(): Promise<void> {
    await this.#drained();
    await this.#handle.close();
  }

  async #drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting !== null) {
      if (this.#waiting.length < FULL_GROUP_BYTES) await this.#settle();
      const group = this.#waiting;
      this.#waiting = null;
      await this.#commit(group);
      // A line of megabytes is rare: its memory is not kept.
      if (group.memory.length <= 2 * HIGH_WATER_BYTES) this.#spare = group.memory;
    }
    this.#running = null;
  }

  /** Waits for company, until the time is over or there is enough of it. */
  async #settle(): Promise<void> {
    const { settleMs } = this.#pace;
    if (settleMs === 0) return;
    const enough = new Promise<void>((resolve) => (this.#hurry = resolve));
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, settleMs)));
    await Promise.race([enough, over]);
    clearTimeout(timer);
    this.#hurry = () => {};
  }

  async #commit(group: Group): Promise<void> {
    const { bytes } = group;
    try {
      await this.#writeAll(bytes);
    } catch (error) {
      const failure = await this.#takeBack(error);
      if (this.#pace.retryMs !== null && this.#broken === null) {
        this.#waitsForRoom = true;
        await pause(this.#pace.retryMs);
        return this.#commit(group);
      }
      if (this.#broken !== null) return this.#breakWith(this.#broken, group);
      group.durable.reject(failure);
      return;
    }
    this.#waitsForRoom = false;
    try {
      await this.#handle.datasync();
    } catch (error) {
      return this.#breakWith(
        ioError('journal-sync-failed', `${this.path} could not be made durable: ${messageOf(error)}.`, {
          remedy: 'Check the disk; then run the command again. Nothing unsynced was acknowledged.',
          cause: error,
        }),
        group,
      );
    }
    if ((await this.#handle.stat()).nlink === 0) {
      return this.#breakWith(
        ioError('journal-lost', `${this.path} was deleted, so nothing can be promised any more.`, {
          remedy: 'Start a new session; what the agent committed is in the worktree.',
        }),
        group,
      );
    }
    this.#end += bytes.length;
    this.#synced = this.#end;
    group.durable.resolve();
    this.#onSynced(this.#synced);
  }

  #breakWith(error: Error, group: Group): void {
    this.#broken = error;
    group.durable.reject(error);
    this.#waiting?.durable.reject(error);
    this.#waiting = null;
    this.#onBroken(error);
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const result = await this.#handle.write(bytes, written, bytes.length - written, this.#end + written);
      written += result.bytesWritten;
    }
  }

  async #takeBack(error: unknown): Promise<Error> {
    const failure = ioError('journal-write-failed', `${this.path} could not be written: ${messageOf(error)}.`, {
      remedy: 'Free some space or check its permissions, then run the command again. Nothing was acknowledged.',
      cause: error,
    });
    try {
      await this.#handle.truncate(this.#end);
    } catch {
      // Half a line may stay behind the good end: no more may be appended after it, until a restart cuts it off.
      this.#broken = ioError(
        'journal-broken',
        `${this.path} could be neither written nor repaired: ${messageOf(error)}.`,
        {
          remedy: 'Check the disk; then run the command again. Nothing unwritten was acknowledged.',
          cause: error,
        },
      );
    }
    return this.#broken ?? failure;
  }
}

/** Makes a new or renamed directory entry durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
