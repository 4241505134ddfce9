import { systemClock } from '../../clock.ts';
import { ExitCode } from '../../errors.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { Cursor } from '../../store/cursor.ts';
import type { SessionPaths } from '../../store/paths.ts';
import { outcomeJson, waitJson, type FollowEnd, type OutcomeJson } from '../../views/json-outcome.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { outcomeLines } from '../../views/outcome-lines.ts';
import { outcomeOf, type SessionFacts } from '../../views/outcome.ts';
import type { VerbContext } from '../context.ts';
import { startHostFor } from '../host-call.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { fullStateDisk } from '../full-disk.ts';
import { followSession } from './follow-session.ts';
import { recordsUpTo } from './records-up-to.ts';
import { jsonSink, silentSink, textSink, type Sink } from './sinks.ts';

const DISK_LOOK_MS = 2000;

export interface Followed {
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  readonly since: Cursor;
}

export interface WaitOptions {
  readonly timeoutMs: number | null;
  /** What is shown meanwhile: progress for people on stderr, JSON lines on stdout, or nothing. */
  readonly show: 'text' | 'json' | 'nothing';
  /** How the outcome is told: for people, as one document, or as the last line of the JSON stream. */
  readonly outcome: 'text' | 'document' | 'record';
  /** Begin every line of progress with the session's name; the default for several sessions. */
  readonly named?: boolean;
  /** False: do not say what to type next. */
  readonly advice?: boolean;
  /** Ctrl-C of a caller that listens for it itself; by default this function does. */
  readonly leave?: AbortSignal;
}

/**
 * Follows sessions side by side until each is settled, the time is over, or the person leaves with Ctrl-C: then the
 * work goes on, and they are told how to come back.
 * @returns one exit code per session.
 */
export async function waitFor(
  context: VerbContext,
  sessions: readonly Followed[],
  options: WaitOptions,
): Promise<readonly number[]> {
  const { io, printer } = context;
  const interrupt = onCtrlC(io);
  const leave = options.leave ?? interrupt.signal;
  const timeout = new AbortController();
  const stopTimer = options.timeoutMs === null ? () => {} : systemClock.after(options.timeoutMs, () => timeout.abort());
  const signal = AbortSignal.any([leave, timeout.signal, io.readerGone]);
  const stopLooking = sayWhenFull(context);
  try {
    const outcomes = await Promise.all(
      sessions.map(async (session) => {
        const sink = sinkFor(context, session, options, options.named ?? sessions.length > 1);
        const facts = await followSession({
          ...session,
          signal,
          show: (followed) => sink.show(followed),
          revive: () => startHostFor(context, session),
        });
        sink.finish();
        const end: FollowEnd = facts.settled ? 'settled' : timeout.signal.aborted ? 'timed-out' : 'detached';
        if (facts.settled) await settled(context, session.record);
        return tell(context, facts, end, options);
      }),
    );
    if (options.outcome === 'document') printer.document(waitJson(outcomes));
    const left = leave.aborted || io.readerGone.aborted;
    if (left && options.outcome === 'text' && options.advice !== false) howToComeBack(context, outcomes);
    return outcomes.map((outcome) => outcome.exitCode);
  } finally {
    stopLooking();
    stopTimer();
    interrupt.dispose();
  }
}

/** A host without room for its journal waits and can tell nobody: whoever waits for it is told here, once. */
function sayWhenFull({ printer, places }: VerbContext): () => void {
  const timer = setInterval(() => {
    const full = fullStateDisk(places.home);
    if (full === null) return;
    printer.note(full, 'warn');
    clearInterval(timer);
  }, DISK_LOOK_MS);
  return () => clearInterval(timer);
}

async function settled(context: VerbContext, record: SessionRecord): Promise<void> {
  const { settleMemory } = await import('../settle-memory.ts');
  await settleMemory(context, [record]);
}

function sinkFor(
  { io, printer }: VerbContext,
  { record, paths, since }: Followed,
  { show }: WaitOptions,
  several: boolean,
): Sink {
  switch (show) {
    case 'text':
      return textSink(io, io.stderr, { name: several ? record.name : null, times: false }, recordsUpTo(paths, since));
    case 'json':
      return jsonSink(printer, record, false);
    case 'nothing':
      return silentSink;
  }
}

function tell({ io, printer }: VerbContext, facts: SessionFacts, end: FollowEnd, options: WaitOptions): OutcomeJson {
  const exitCode =
    end === 'settled' ? outcomeOf(facts).exitCode : end === 'timed-out' ? ExitCode.timedOut : ExitCode.interrupted;
  const outcome = outcomeJson(facts, end, exitCode, io.now());
  if (options.outcome === 'record') printer.record({ schemaVersion: SCHEMA_VERSION, type: 'outcome', ...outcome });
  if (options.outcome === 'text') {
    if (end === 'settled') printer.results(outcomeLines(facts, io.now(), { advice: options.advice ?? true }));
    else if (end === 'timed-out') printer.note(`${facts.record.name}: still ${facts.state}; it goes on.`, 'warn');
  }
  return outcome;
}

function howToComeBack({ printer }: VerbContext, outcomes: readonly OutcomeJson[]): void {
  const open = outcomes.filter((outcome) => outcome.detached).map((outcome) => outcome.session);
  if (open.length === 0) return;
  printer.note('');
  printer.note(`You left; the work goes on: ${open.join(', ')}.`);
  printer.note(
    `  → Come back with conduxt wait ${open.join(' ')}, look with conduxt status, end it with conduxt cancel --task ${open[0]}.`,
  );
}
