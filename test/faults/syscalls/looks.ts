import { existsSync, readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import path from 'node:path';
import { ExitCode } from '../../../src/errors.ts';
import { isAlive } from '../../../src/process/identity.ts';
import { readJournal } from '../../../src/journal/read-journal.ts';
import { foldSession, type FoldedSession } from '../../../src/session/fold/session-fold.ts';
import type { JournalRecord } from '../../../src/session/events.ts';
import { listNames } from '../../../src/store/read-session.ts';
import type { Finished, Machine } from '../../e2e/scratch.ts';
import { waitFor } from '../../host/scratch.ts';
import { killRecorded } from '../../process/kill-recorded.ts';

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
  if (host === null || !killRecorded(host.process)) return;
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

/** A host that goes on after its fault needs a second; one that cannot go on is for whoever looks next. */
const QUIET_PATIENCE_MS = 5_000;

/** Waits until a session owes nothing more, or nobody is there to do it, or it takes too long. */
export async function untilQuiet(machine: Machine, session: string): Promise<void> {
  const isQuiet = (): boolean => {
    const { life, prompts, turns } = foldedOf(machine, session);
    const isServed = life.host !== null && isAlive(life.host.process);
    return !isServed || life.stopped || (prompts.owed.length === 0 && turns.open === null);
  };
  await soOrLate(machine, isQuiet, QUIET_PATIENCE_MS);
}

/** Waits for a fact that need not come. */
async function soOrLate(machine: Machine, isSo: () => boolean, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const isLate = (): boolean => performance.now() > end;
  await waitFor(
    machine.state,
    () => isSo() || isLate(),
    2 * patienceMs,
    () => 'no time passes',
  );
}

/** As cron does: again when the first look left alone what is owed, because a host was just leaving. */
export async function watchdogs(machine: Machine, session: string): Promise<void> {
  const { code } = await machine.run('watchdog', session);
  const { life, prompts, turns } = foldedOf(machine, session);
  const isOwed = prompts.owed.length > 0 || turns.open !== null || life.ended === null;
  const isServed = life.host !== null && isAlive(life.host.process);
  if (code !== 0 || (isOwed && !isServed)) await machine.ok('watchdog', session);
}

const MOST_LOOKS = 12;
const LOOK_PATIENCE_MS = 5_000;

/** The same as often as cron would: a host that lived at one look may have been leaving already, and left what it owed. */
export async function lookUntil(
  machine: Machine,
  session: string,
  what: string,
  fact: (folded: FoldedSession) => boolean,
): Promise<void> {
  const isSo = (): boolean => fact(foldedOf(machine, session));
  for (let look = 0; look < MOST_LOOKS && !isSo(); look += 1) {
    await watchdogs(machine, session);
    await soOrLate(machine, isSo, LOOK_PATIENCE_MS);
  }
  await untilFolded(machine, session, what, fact);
}

/** Runs a command again as long as a host answers it that cannot write any more, and is on its way out. */
export async function insist(machine: Machine, session: string, ...args: string[]): Promise<Finished> {
  for (;;) {
    const said = await machine.run(...args);
    const { host } = foldedOf(machine, session).life;
    if (said.code !== ExitCode.io || host === null) return said;
    await waitFor(
      machine.state,
      () => !isAlive(host.process),
      10_000,
      () => `it said ${said.stderr}, and lives on`,
    );
  }
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
