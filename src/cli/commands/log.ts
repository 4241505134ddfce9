import { ConduxtError, ExitCode, usageError } from '../../errors.ts';
import { formatCursor, isAfter, parseCursor, type Cursor } from '../../store/cursor.ts';
import { beginAt, followBatches, type Beginning, type Followed } from '../../store/follow.ts';
import type { SessionView } from '../../store/read-session.ts';
import type { VerbContext } from '../context.ts';
import type { Output } from '../io.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { BlockBuilder, PieceReader, type Block } from '../follow/blocks.ts';
import { ProgressPrinter } from '../follow/progress-printer.ts';
import { recordsUpTo } from '../follow/records-up-to.ts';
import { jsonSink, textSink, type Sink } from '../follow/sinks.ts';
import { finishVerb, parseCount } from '../options.ts';
import { InvalidValue, type VerbCommand } from '../verb-command.ts';

interface LogOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: Beginning;
  readonly raw?: boolean;
}

type Told = Exclude<Followed, { source: 'caught-up' }>;

const DEFAULT_TAIL = 20;
const MAX_MESSAGE_CHARS = 4_000;
/** A message arrives in many small records: this many are looked at for each event that is shown. */
const RECORDS_PER_EVENT = 50;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .option('-f, --follow', 'go on as more happens; Ctrl-C ends this, not the session')
      .option(
        '-n, --tail <count>',
        `how many events to begin with (default ${DEFAULT_TAIL}; all of them after --since)`,
        parseCount(0, 1_000_000),
      )
      .option('--since <cursor>', 'only what comes after this cursor (epoch:seq) or sequence number', parseSince)
      .option('--raw', "JSON lines with the agent's own messages as they came")
      .action(context.act((name: string, options: LogOptions) => showLog(context, name, options))),
    {
      examples: ['conduxt log issue-78', 'conduxt log issue-78 -f', 'conduxt log issue-78 --json --since 1:118 -f'],
      exits: '0, 2 (also: a cursor beyond the last record), 4 (no such session)',
      notes:
        'Every JSON line carries a cursor. A reader that comes back with --since <cursor> continues with no gap and no\n' +
        'repeat, also over the end of a host, a crash or a reboot.',
    },
  );
}

function parseSince(text: string): Beginning {
  try {
    const { epoch, seq } = parseCursor(text);
    return epoch === null ? { type: 'seq', seq } : { type: 'cursor', cursor: { epoch, seq } };
  } catch (error) {
    throw new InvalidValue(error instanceof ConduxtError ? (error.remedy ?? error.message) : 'It is not a cursor.');
  }
}

/** Also what `attach` shows of a session that has no terminal. */
export async function showLog(context: VerbContext, name: string, options: LogOptions): Promise<number> {
  const { io } = context;
  const session = context.session(name);
  if (options.since !== undefined) requireReached(session, options.since);
  const interrupt = onCtrlC(io);
  const signal = AbortSignal.any([interrupt.signal, io.readerGone]);
  try {
    const programs = context.json || options.raw === true;
    const forPrograms = withoutRepeats(jsonSink(context.printer, session.record, options.raw === true));
    const end = programs
      ? await logForPrograms(io.stdout, session, options, forPrograms, signal)
      : await logForPeople(context, session, options, signal);
    if (options.follow !== true || signal.aborted) return ExitCode.done;
    const sink = programs
      ? forPrograms
      : textSink(io, io.stdout, { name: null, times: true }, recordsUpTo(session.paths, end));
    await showAll(io.stdout, session, end, true, sink, signal);
    return ExitCode.done;
  } finally {
    interrupt.dispose();
  }
}

/** A cursor this session never had is another session's, and its reader would wait for what is long past. */
function requireReached({ record, paths }: SessionView, since: Beginning): void {
  const last = beginAt(paths, { type: 'last', count: 0 });
  const isAhead =
    since.type === 'cursor' ? isAfter(since.cursor, last) : since.type === 'seq' ? since.seq > last.seq : false;
  if (!isAhead) return;
  throw usageError('cursor-ahead', `${record.name} has no such cursor yet; its last one is ${formatCursor(last)}.`, {
    remedy: `It may be another session's, or of before a retry. All of this one: conduxt log ${record.name} --since 0`,
    facts: { last: formatCursor(last), sessionId: record.id },
  });
}

/** A damaged line at the end has no cursor to go on from, so it is read again with what comes next. */
function withoutRepeats(sink: Sink): Sink {
  const told = new Set<string>();
  return {
    show(followed) {
      if (followed.source === 'damaged') {
        const place = `${followed.file}:${followed.offset}`;
        if (told.has(place)) return;
        told.add(place);
      }
      sink.show(followed);
    },
    finish: () => sink.finish(),
  };
}

/** Shows everything after `since`, no faster than it is read. @returns the cursor of the last record. */
async function showAll(
  output: Output,
  session: SessionView,
  since: Cursor,
  live: boolean,
  sink: Sink,
  signal: AbortSignal,
): Promise<Cursor> {
  let last = since;
  for await (const batch of followBatches({ paths: session.paths, since, live, signal })) {
    for (const followed of batch) {
      if (followed.source === 'caught-up') continue;
      if (followed.source !== 'damaged') last = followed.cursor;
      sink.show(followed);
    }
    await roomIn(output, signal);
  }
  sink.finish();
  return last;
}

/** Resolves when there is room for more output, or nobody wants any. */
async function roomIn(output: Output, signal: AbortSignal): Promise<void> {
  const room = output.room();
  if (room === null || signal.aborted) return;
  const over = Promise.withResolvers<void>();
  const leave = (): void => over.resolve();
  signal.addEventListener('abort', leave);
  await Promise.race([room, over.promise]);
  signal.removeEventListener('abort', leave);
}

async function logForPrograms(
  output: Output,
  session: SessionView,
  options: LogOptions,
  sink: Sink,
  signal: AbortSignal,
): Promise<Cursor> {
  if (options.since === undefined) {
    const since = beginAt(session.paths, { type: 'last', count: options.tail ?? DEFAULT_TAIL });
    return showAll(output, session, since, false, sink, signal);
  }
  const since = beginAt(session.paths, options.since);
  if (options.tail === undefined) return showAll(output, session, since, false, sink, signal);
  const last: Told[] = [];
  const end = await showAll(
    output,
    session,
    since,
    false,
    { show: (followed) => keepLast(last, kept(followed), options.tail ?? 0), finish: () => {} },
    signal,
  );
  for (const followed of last) sink.show(followed);
  return end;
}

/** Events as people count them: all pieces of one message are one. */
async function logForPeople(
  context: VerbContext,
  session: SessionView,
  options: LogOptions,
  signal: AbortSignal,
): Promise<Cursor> {
  const limit = options.tail ?? (options.since === undefined ? DEFAULT_TAIL : Infinity);
  const printer = new ProgressPrinter(context.io, context.io.stdout, { name: null, times: true });
  const blocks: Block[] = [];
  const beginning = options.since ?? { type: 'last', count: Math.max(1, limit) * RECORDS_PER_EVENT };
  const since = beginAt(session.paths, beginning);
  const reader = new PieceReader(recordsUpTo(session.paths, since));
  const builder = new BlockBuilder();
  const sink: Sink = {
    show(followed) {
      const read = reader.read(followed);
      if (read === null) return;
      if (limit === Infinity) printer.piece(read.at, read.piece);
      else for (const block of builder.push(read.at, read.piece)) keepLast(blocks, block, limit);
    },
    finish: () => {
      for (const block of builder.flush()) keepLast(blocks, block, limit);
    },
  };
  const end = await showAll(context.io.stdout, session, since, false, sink, signal);
  for (const block of blocks) printer.piece(block.at, shortened(block.piece));
  printer.finish();
  return end;
}

/** The end of a long message: the default output stays bounded, whatever an agent says. */
function shortened(piece: Block['piece']): Block['piece'] {
  if (piece.type !== 'message' || piece.text.length <= MAX_MESSAGE_CHARS) return piece;
  const cut = piece.text.length - MAX_MESSAGE_CHARS;
  return { ...piece, text: `… (${cut} characters left out; --since 0 shows all)\n${piece.text.slice(cut)}` };
}

/** With a message of its own: the one it came with is written over. */
const kept = (followed: Told): Told =>
  followed.source === 'transcript' && followed.message !== null
    ? { ...followed, message: Buffer.from(followed.message) }
    : followed;

function keepLast<T>(list: T[], item: T, count: number): void {
  list.push(item);
  if (list.length > count) list.shift();
}
