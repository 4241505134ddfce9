import { monotonicMs } from '../clock.ts';
import { readJournal } from '../journal/read-journal.ts';
import { isAlive } from '../process/identity.ts';
import type { JournalRecord, ProcessIdentity } from '../session/events.ts';
import { START, type Cursor } from './cursor.ts';
import { somethingChanged } from './follow/file-change.ts';
import type { Followed } from './follow/followed.ts';
import { HostWatch } from './follow/host-watch.ts';
import { MergedRecords } from './follow/merge.ts';
import { cursorBeforeLast } from './follow/seek.ts';
import type { SessionPaths } from './paths.ts';

export type { Followed, FollowedRecord } from './follow/followed.ts';

export interface FollowOptions {
  readonly paths: SessionPaths;
  /** Records after this place; see `beginAt`. */
  readonly since: Cursor;
  /** True: go on until `signal` aborts. False: end when everything durable was delivered. */
  readonly live: boolean;
  readonly signal: AbortSignal;
}

/** A silent host's first answer is not waited for longer than this before a plain reader takes the files as they are. */
const FIRST_ANSWER_MS = 2_000;
/**
 * How long a record is held back for one with a lower number. Both files are synced within milliseconds of each
 * other; a number stays unused when a full disk refused its record.
 */
const HOLE_PATIENCE_MS = 5_000;
/** Between two looks for a new host; a change in the directory is seen at once where the system can watch it. */
const RECONNECT_MS = 500;
/** With a living host everything comes by its announcements; this only bounds the wait. */
const IDLE_LOOK_MS = 60_000;
/** The recorded host runs but does not listen: it is starting or leaving. What it left is read after the second time. */
const BETWEEN_HOSTS_MS = 50;
const BETWEEN_HOSTS_PATIENCE_MS = 1_000;

/** Some records in their order; their messages are good until the next batch is asked for. */
export type FollowedBatch = readonly Followed[];

/**
 * Follows a session: journal and transcript in one order, from a cursor on, with no gap and no repeat. While a host
 * lives only synced bytes are delivered; without one, what the files hold. Survives the host's death and the start
 * of the next one.
 */
export async function* follow(options: FollowOptions): AsyncGenerator<Followed, void> {
  for await (const batch of followBatches(options)) yield* batch;
}

/** As `follow`, as many at a time as are there: over a million records a promise for each would be half of the cost. */
export async function* followBatches(options: FollowOptions): AsyncGenerator<FollowedBatch, void> {
  const { paths, since, live, signal } = options;
  const records = new MergedRecords({ journal: paths.journal, transcript: paths.transcript }, since);
  const host = new RecordedHost(paths.journal);
  const news = new News();
  let unheardSince: number | null = null;
  try {
    while (!signal.aborted) {
      const watch = await HostWatch.open(paths.socket);
      if (watch !== null) {
        unheardSince = null;
        try {
          for await (const batch of followHost(records, watch, options)) {
            host.see(batch);
            if (news.isNew(batch)) yield batch;
            await breath();
            if (!live && isCaughtUp(batch)) return;
          }
        } finally {
          watch.close();
        }
        if (signal.aborted) return;
      }
      const alive = host.isAlive();
      if (live && alive) {
        unheardSince ??= monotonicMs();
        if (monotonicMs() - unheardSince < BETWEEN_HOSTS_PATIENCE_MS) {
          await somethingChanged(paths.dir, BETWEEN_HOSTS_MS, signal);
          continue;
        }
      }
      const limits = records.sizes();
      for (let { batch } = records.read(limits, !alive || !live); batch.length > 0;) {
        host.see(batch);
        if (news.isNew(batch)) yield batch;
        await breath();
        ({ batch } = records.read(limits, !alive || !live));
      }
      const caughtUp: FollowedBatch = [{ source: 'caught-up', hostAlive: alive }];
      // A host that started while we read is told as such after the next connection.
      if (alive === host.isAlive() && news.isNew(caughtUp)) yield caughtUp;
      if (!live) return;
      await somethingChanged(paths.dir, RECONNECT_MS, signal);
    }
  } finally {
    records.close();
  }
}

/** Delivers what a living host says is durable, until its connection ends. */
async function* followHost(
  records: MergedRecords,
  watch: HostWatch,
  { live, signal }: FollowOptions,
): AsyncGenerator<FollowedBatch, void> {
  let heldSince: number | null = null;
  if (watch.latest === null) await watch.wait(FIRST_ANSWER_MS, signal);
  while (!signal.aborted) {
    const { latest, ended } = watch;
    const limits = latest ?? (live ? null : records.sizes());
    if (limits !== null) {
      const patienceOver: boolean = heldSince !== null && monotonicMs() - heldSince >= HOLE_PATIENCE_MS;
      let read = records.read(limits, patienceOver);
      while (read.batch.length > 0) {
        yield read.batch;
        read = records.read(limits, patienceOver);
      }
      heldSince = read.held ? (heldSince ?? monotonicMs()) : null;
      if (!read.held) yield [{ source: 'caught-up', hostAlive: true }];
    }
    if (ended) return;
    if (watch.latest === latest && !watch.ended) {
      await watch.wait(heldSince === null ? IDLE_LOOK_MS : HOLE_PATIENCE_MS, signal);
    }
  }
}

/**
 * Lets the event loop turn. Reading a long file is one chain of promises: without a pause what was written to stdout
 * would pile up in memory, and a reader that left would not be noticed.
 */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isCaughtUp = (batch: FollowedBatch): boolean => batch.at(-1)?.source === 'caught-up';

/** Being caught up is worth telling after something else was told, and when the host came or went. */
class News {
  #last: Followed | null = null;

  isNew(batch: FollowedBatch): boolean {
    const last = batch.at(-1) ?? null;
    const repeats =
      last?.source === 'caught-up' && this.#last?.source === 'caught-up' && this.#last.hostAlive === last.hostAlive;
    this.#last = last;
    return !repeats;
  }
}

/** The host the journal knows of: alive or not decides whether more can come. */
class RecordedHost {
  #process: ProcessIdentity | null = null;

  constructor(journal: string) {
    for (const record of readJournal(journal).records) this.#apply(record);
  }

  see(batch: FollowedBatch): void {
    for (const followed of batch) if (followed.source === 'journal') this.#apply(followed.record);
  }

  isAlive(): boolean {
    return this.#process !== null && isAlive(this.#process);
  }

  #apply(record: JournalRecord): void {
    if (record.type === 'host-started') this.#process = record.process;
  }
}

/** Where to begin: after a cursor, after a sequence number, or so that the last `count` records are seen. */
export type Beginning =
  | { readonly type: 'start' }
  | { readonly type: 'cursor'; readonly cursor: Cursor }
  | { readonly type: 'seq'; readonly seq: number }
  | { readonly type: 'last'; readonly count: number };

export function beginAt(paths: SessionPaths, beginning: Beginning): Cursor {
  switch (beginning.type) {
    case 'start':
      return START;
    case 'cursor':
      return beginning.cursor;
    case 'seq':
      return { epoch: epochAt(paths.journal, beginning.seq), seq: beginning.seq };
    case 'last':
      return cursorBeforeLast([paths.journal, paths.transcript], beginning.count);
  }
}

/** An epoch begins with a record in the journal, so the journal alone tells which one a number belongs to. */
function epochAt(journal: string, seq: number): number {
  let epoch = 0;
  for (const record of readJournal(journal).records) {
    if (record.seq > seq) break;
    epoch = record.epoch;
  }
  return epoch;
}
