import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isAlive } from '../../../src/process/identity.ts';
import { readJournal } from '../../../src/journal/read-journal.ts';
import { foldSession, type FoldedSession } from '../../../src/session/fold/session-fold.ts';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';
import type { JournalRecord } from '../../../src/session/events.ts';
import { listNames } from '../../../src/store/read-session.ts';
import { Machine } from '../../e2e/scratch.ts';
import { waitFor } from '../../host/scratch.ts';
import { hurtCommand, hurtLiving, hurtStart, ONE_THREAD, whyNotTraceable, type Hurt, type Point } from './inject.ts';

const FULL = process.env['FAULTS'] === 'all';
const KILL = 'signal=SIGKILL';
const FULL_DISK = 'error=ENOSPC';
const BAD_DISK = 'error=EIO';
/**
 * What makes things durable and known, and what is written before it, with what can happen there: the other calls change
 * nothing that is promised.
 */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  fdatasync: [KILL, FULL_DISK, BAD_DISK],
  fsync: [KILL, FULL_DISK, BAD_DISK],
  pwrite64: [KILL, FULL_DISK, BAD_DISK],
  write: [KILL, FULL_DISK, BAD_DISK],
  rename: [KILL, FULL_DISK],
  link: [KILL, FULL_DISK],
  mkdir: [KILL, FULL_DISK],
  ftruncate: [KILL, BAD_DISK],
  unlink: [KILL],
  bind: [KILL, FULL_DISK],
  connect: [KILL],
};
/** A place takes seconds, of which most are waits. */
const AT_ONCE = 3;

/** What meets the fault: the command, the host that is started for it after a crash, or the one that lives already. */
export type Victim = 'command' | 'starting host' | 'living host';

export interface Scenario {
  readonly script: Script;
  /** Places tried for each call and kind; beyond them a command does the same again. */
  readonly most: number;
  readonly victims: readonly Victim[];
  /** Of the sample that `npm test` runs. */
  readonly sample: readonly (Point & { readonly victim: Victim })[];
  /** Once for each machine. */
  readonly prepare?: (machine: Machine) => Promise<void>;
  /** Makes the situation for one fault; `key` is new each time. */
  readonly arrange: (machine: Machine, key: string, victim: Victim) => Promise<Situation>;
  /** What exit code 0 means. */
  readonly promised: (machine: Machine, key: string) => void;
  /** Goes on as a person would, whatever the command said, and checks that the end is right. */
  readonly settle: (machine: Machine, key: string, hurt: Hurt) => Promise<void>;
}

export interface Situation {
  readonly args: readonly string[];
  /** The session it is about; null when the command makes it. */
  readonly session: string | null;
}

/** Registers a test for each kind of call, of refusal and of victim; in each, the n-th call for n from 1. */
export function atEveryCall(command: string, sentence: string, scenario: Scenario): void {
  describe(`conduxt ${command}, at every system call`, { concurrency: FULL ? AT_ONCE : 1 }, () => {
    const why = whyNotTraceable();
    if (!FULL) {
      for (const { victim, ...point } of scenario.sample) {
        it(`${victim}, ${point.call} ${point.nth}, ${point.kind}: ${sentence}`, async (t) => {
          if (why !== null) return t.skip(why);
          const { hit } = await tryPoint(await desk(t, scenario), scenario, victim, point);
          assert.ok(hit, 'nothing was injected');
        });
      }
      return;
    }
    let places = 0;
    for (const victim of scenario.victims)
      for (const [call, kinds] of Object.entries(CALLS)) {
        it(`${victim}, ${call}: ${sentence}`, { timeout: 1_200_000 }, async (t) => {
          if (why !== null) return t.skip(why);
          const machine = await desk(t, scenario);
          for (const kind of kinds) places += await tryKind(machine, scenario, victim, call, kind);
          t.diagnostic(`${command}: ${places} places so far`);
        });
      }
  });
}

async function tryKind(
  machine: Machine,
  scenario: Scenario,
  victim: Victim,
  call: string,
  kind: string,
): Promise<number> {
  for (let nth = 1; nth <= scenario.most; nth += 1) {
    const { hit } = await tryPoint(machine, scenario, victim, { call, kind, nth });
    if (!hit) return nth - 1;
  }
  return scenario.most;
}

async function desk(t: TestContext, scenario: Scenario): Promise<Machine> {
  const machine = new Machine(t);
  Object.assign(machine.env, ONE_THREAD);
  machine.agent(scenario.script, { hostIdleSeconds: 60 });
  await scenario.prepare?.(machine);
  return machine;
}

async function tryPoint(machine: Machine, scenario: Scenario, victim: Victim, point: Point): Promise<Hurt> {
  const { call, kind, nth } = point;
  // Short: it may become a session's name.
  const key = `${victim[0]}-${call}-${kind.replace(/^.*=(SIG)?/, '').toLowerCase()}-${nth}`;
  const where = `${victim}: ${call} number ${nth}, ${kind}`;
  const situation = await scenario.arrange(machine, key, victim);
  const hurt = await hurtOne(machine, victim, point, situation);
  try {
    allWhole(machine);
    if (hurt.code === 0) scenario.promised(machine, key);
    await scenario.settle(machine, key, hurt);
    allWhole(machine);
  } catch (error) {
    throw new Error(`${where}; the command said ${hurt.code}: ${hurt.stderr}`, { cause: error });
  }
  return hurt;
}

async function hurtOne(machine: Machine, victim: Victim, point: Point, { args, session }: Situation): Promise<Hurt> {
  if (victim === 'command') return hurtCommand(machine, point, args);
  assert.ok(session !== null, 'a command that makes its session has no host to hurt');
  const before = foldedOf(machine, session).life.host?.process;
  assert.ok(before !== undefined);
  if (victim === 'living host') {
    assert.ok(isAlive(before), 'no host lives');
    const hurt = await hurtLiving(machine, before.pid, point, args);
    assert.ok(hurt !== null, 'the host could not be traced');
    return hurt;
  }
  await killHost(machine, session);
  const isStarted = (): Promise<void> =>
    untilFolded(machine, session, 'the start of a host', ({ life }) => (life.host?.process.pid ?? 0) !== before.pid);
  return hurtStart(machine, idOf(machine, session) ?? '', point, args, isStarted);
}

function allWhole(machine: Machine): void {
  for (const id of machine.sessionIds()) {
    const { damaged } = readJournal(path.join(machine.state, 'sessions', id, 'journal.ndjson'));
    assert.deepEqual(damaged, [], `the journal of ${id}`);
  }
}

export const foldedOf = (machine: Machine, session: string): FoldedSession => foldSession(journalOf(machine, session));

/** By its name: a directory without one is what a killed command left, and nobody sees it. */
export const idOf = (machine: Machine, session: string): string | null =>
  listNames(machine.state, null).find(({ name }) => name === session)?.id ?? null;

export function journalOf(machine: Machine, session: string): readonly JournalRecord[] {
  const id = idOf(machine, session);
  return id === null ? [] : readJournal(path.join(machine.state, 'sessions', id, 'journal.ndjson')).records;
}

/** SIGKILL, when it lives; waits until it is gone. */
export async function killHost(machine: Machine, session: string): Promise<void> {
  const { host } = foldedOf(machine, session).life;
  if (host === null || !isAlive(host.process)) return;
  process.kill(host.process.pid, 'SIGKILL');
  const isGone = (): boolean => !isAlive(host.process);
  await waitFor(machine.root, isGone, 10_000, () => 'a killed host lives on');
}

/** Waits until the journal of a session shows something. */
export async function untilFolded(
  machine: Machine,
  session: string,
  what: string,
  fact: (folded: FoldedSession) => boolean,
): Promise<void> {
  await waitFor(
    machine.state,
    () => fact(foldedOf(machine, session)),
    30_000,
    () =>
      `${what} did not happen:\n${journalOf(machine, session)
        .map((one) => JSON.stringify(one))
        .slice(-40)
        .join('\n')}`,
  );
}

/** As cron does: a host that is just leaving is left alone by the first look. */
export async function lookTwice(machine: Machine, session: string): Promise<void> {
  await machine.run('watchdog', session);
  await machine.ok('watchdog', session);
}

/** Waits until nothing more happens by itself, however it ended. */
export async function untilCalm(machine: Machine, session: string): Promise<void> {
  const { code, stderr } = await machine.run('wait', session, '--timeout', '60s');
  assert.ok(code === 0 || code === 1 || code === 8, `wait: ${code} ${stderr}`);
}

/** How often the agent of a session was asked something that holds these words; their quotation after a crash is none. */
export function timesAsked(machine: Machine, session: string, words: string): number {
  const log = machine.file(`agent-${idOf(machine, session)}.ndjson`);
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"prompt"') && line.includes(words) && !line.includes('conduxt was interrupted'))
    .length;
}
