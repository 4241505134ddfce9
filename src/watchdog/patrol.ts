import path from 'node:path';
import { monotonicMs, systemClock } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';
import { requireTrustedHome, requireTrustedSession } from '../control/trusted-home.ts';
import { waitForLock } from '../lock/file-lock.ts';
import { bootId } from '../process/identity.ts';
import { markedProcesses } from '../process/marker.ts';
import { makePrivateDirectory } from '../store/durable-files.ts';
import { sweepLeftovers } from '../store/leftovers.ts';
import { listNames, readSession, type NamedSession, type SessionView } from '../store/read-session.ts';
import { sessionPaths } from '../store/paths.ts';
import { act, type Target } from './act.ts';
import type { SessionFacts } from './facts.ts';
import { watchdogDirectory } from './fleet.ts';
import { noteLook } from './last-look.ts';
import { loginHalts, type LoginFacts } from './login-halt.ts';
import { isSameMemory, readMemory, writeMemory } from './memory.ts';
import { afterTry, judge, type Surroundings } from './policy.ts';
import { senseSession } from './sense.ts';
import { footprintOf, SettledSessions, type Footprint } from './settled.ts';
import type { WatchSettings } from './settings.ts';
import { Spacing } from './spacing.ts';
import type { Action, Verdict } from './verdict.ts';

export interface PatrolOptions {
  readonly home: string;
  readonly runtimeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: WatchSettings;
  /** Wall clock. */
  now(): number;
  /** Only this session, because a person asked: pauses and halts do not hold it up. */
  readonly only?: string;
  /** Ends the wait for another pass. */
  readonly signal?: AbortSignal;
}

/** What became of one session in one pass. */
export interface Watched {
  readonly session: string;
  readonly sessionId: string;
  /** Null when it could not be read; `problem` says why. */
  readonly verdict: Verdict | null;
  readonly done: readonly { readonly action: Action; readonly problem: string | null }[];
  readonly problem: string | null;
}

export interface Pass {
  /** All sessions, in the order of their names. */
  readonly sessions: readonly Watched[];
  /** What killed commands had left behind, and is gone now: absolute paths. */
  readonly swept: readonly string[];
  readonly tookMs: number;
}

/** Sessions are looked at, and hosts are started, this many at a time. */
const SENSE_AT_ONCE = 16;
const START_AT_ONCE = 4;
const LOCK_POLL_MS = 50;

/**
 * One pass: look at every session, decide, act. Only one pass of a user runs at a time, whoever began it: a second one
 * waits and then finds the work done. Null when `signal` aborted the wait.
 */
export async function patrol(options: PatrolOptions): Promise<Pass | null> {
  // It tells people by itself, with the notifiers that a session's record names.
  requireTrustedHome(options.home);
  const directory = watchdogDirectory(options.home);
  makePrivateDirectory(directory);
  const lock = await waitForLock(path.join(directory, 'pass.lock'), {
    pollMs: LOCK_POLL_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (lock === null) return null;
  const startedAt = monotonicMs();
  try {
    const settled = SettledSessions.read(directory);
    const marked = markedProcesses();
    const sessions = await look(options, settled, marked);
    if (options.only !== undefined) return { sessions, swept: [], tookMs: monotonicMs() - startedAt };
    settled.write();
    noteLook(directory, options.now());
    const swept = await sweep(options, new Set(marked.keys()));
    return { sessions, swept, tookMs: monotonicMs() - startedAt };
  } finally {
    lock.release();
  }
}

/** What cannot be removed now is tried again at the next look, and named by `conduxt doctor`. */
async function sweep(options: PatrolOptions, living: ReadonlySet<string>): Promise<string[]> {
  try {
    return (await sweepLeftovers(options.home, options.now(), living)).map(({ path: place }) => place);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}

async function look(
  options: PatrolOptions,
  settled: SettledSessions,
  marked: ReadonlyMap<string, readonly number[]>,
): Promise<Watched[]> {
  const { home, only } = options;
  const named = listNames(home, null).filter(({ id }) => only === undefined || id === only);
  const read = await inParallel(named, SENSE_AT_ONCE, (one) =>
    readOne(options, settled, one, marked.get(one.id) ?? []),
  );
  const halted = loginHalts(read.flatMap((one) => (one.type === 'unreadable' ? [] : [one.facts])));
  const spacing = new Spacing(options.settings.spacingMs, systemClock);
  return inParallel(read, START_AT_ONCE, async (one): Promise<Watched> => {
    switch (one.type) {
      case 'settled':
        return { ...head(one.named), verdict: null, done: [], problem: null };
      case 'unreadable':
        return { ...head(one.named), verdict: null, done: [], problem: one.problem };
      case 'sensed':
        return settle(options, settled, one, halted, spacing);
    }
  });
}

type Read =
  | { readonly type: 'settled'; readonly named: NamedSession; readonly facts: LoginFacts }
  | { readonly type: 'unreadable'; readonly named: NamedSession; readonly problem: string }
  | {
      readonly type: 'sensed';
      readonly named: NamedSession;
      readonly view: SessionView;
      readonly facts: SessionFacts;
      readonly footprint: Footprint | null;
    };

/** One session that cannot be read does not keep the others from being looked at. */
async function readOne(
  { home, runtimeDir, settings, only }: PatrolOptions,
  settled: SettledSessions,
  named: NamedSession,
  orphans: readonly number[],
): Promise<Read> {
  try {
    const paths = sessionPaths(home, named.id, runtimeDir);
    requireTrustedSession(paths.dir);
    const footprint = footprintOf(paths.journal);
    const known = only === undefined && orphans.length === 0 ? settled.find(named.id, footprint) : null;
    if (known !== null) return { type: 'settled', named, facts: known };
    const view = readSession(home, runtimeDir, named.id);
    if (view === null) return { type: 'unreadable', named, problem: 'its directory is gone' };
    const facts = await senseSession(view, { helloMs: settings.helloMs, orphans });
    return { type: 'sensed', named, view, facts, footprint };
  } catch (error) {
    return { type: 'unreadable', named, problem: messageOf(error) };
  }
}

async function settle(
  options: PatrolOptions,
  settled: SettledSessions,
  { named, view, facts, footprint }: Extract<Read, { type: 'sensed' }>,
  halted: Surroundings['haltedAgents'],
  spacing: Spacing,
): Promise<Watched> {
  const { settings } = options;
  const before = readMemory(view.paths);
  const around = { nowMs: options.now(), haltedAgents: halted, asked: options.only !== undefined, bootId: bootId() };
  const verdict = judge(facts, before, settings, around);
  settled.note(view, facts, verdict, footprint);
  if (verdict.actions.length === 0) {
    const problem = isSameMemory(before, verdict.memory) ? null : remember(view, verdict.memory);
    return { ...head(named), verdict, done: [], problem };
  }
  // Before anything is done: who dies in between does less, never the same again.
  const problem = remember(view, verdict.memory);
  if (problem !== null) return { ...head(named), verdict, done: [], problem };
  const target = targetOf(options, view);
  const done: { action: Action; problem: string | null }[] = [];
  for (const action of verdict.actions) {
    if (action.type === 'start-host' || action.type === 'give-up') await spacing.wait();
    const acted = await act(target, action);
    if (acted !== 'needless') done.push({ action, problem: acted.problem });
  }
  await recordTries(target, view, verdict, done);
  return { ...head(named), verdict, done, problem: null };
}

/** What a try came to. People are told once that a host cannot be started. */
async function recordTries(target: Target, view: SessionView, verdict: Verdict, done: Watched['done']): Promise<void> {
  const problem = done.find(({ action }) => action.type === 'start-host')?.problem ?? null;
  if (problem === null) return;
  const after = afterTry(verdict.memory, problem);
  remember(view, after.memory);
  if (after.tell) await act(target, { type: 'tell', text: `its host cannot be started: ${problem}` });
}

/** @returns what kept it from being written; the pass goes on with the next session. */
function remember(view: SessionView, memory: Verdict['memory']): string | null {
  try {
    writeMemory(view.paths, memory);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function targetOf({ home, env }: PatrolOptions, { record, paths }: SessionView): Target {
  const { socket, hostLog, journal } = paths;
  return { record, env, address: { home, sessionId: record.id, socket, hostLog, journal } };
}

const head = ({ name, id }: NamedSession): Pick<Watched, 'session' | 'sessionId'> => ({ session: name, sessionId: id });

/** Results in the order of `items`. */
async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
