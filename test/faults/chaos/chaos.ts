import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../../src/process/identity.ts';
import { markedProcesses } from '../../../src/process/marker.ts';
import { randomOf } from '../simulation.ts';
import { Caller } from './caller.ts';
import { brokenPromises, brokenTask, promptsIn, promptsSeen } from './history.ts';
import { Hurter } from './hurt.ts';
import type { KnownSession } from './known-session.ts';
import { Place } from './place.ts';
import { TaskGiver } from './task-giver.ts';

const FAULT_EVERY_MS = 200;
/** What was told while hosts died is still owed. */
const SETTLE_PATIENCE_MS = 180_000;
/** For so many sessions somebody gives tasks. */
const SESSIONS_TO_A_TASK = 5;

export interface ChaosOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly seconds: number;
}

export interface ChaosReport {
  /** Sentences; empty when every promise was kept. */
  readonly wrong: readonly string[];
  /** Verbs by how often they were acknowledged. */
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** One every 200 ms. */
  readonly beats: number;
  /** At so many beats neither a host nor an agent lived. */
  readonly deadBeats: number;
  /** Real time of the faults, in seconds. */
  readonly seconds: number;
  /** False where no file system can be mounted: then the disk is never full. */
  readonly canFillDisk: boolean;
  /** How the acknowledged prompts ended. */
  readonly ends: Readonly<Record<string, number>>;
  /** How the tasks ended. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Where everything was kept to be looked at; null when nothing was wrong. */
  readonly kept: string | null;
}

/**
 * Real sessions of the built program, each with somebody who tells, cancels, answers, stops and resumes, while every
 * 200 ms something is hurt; then everything that was acknowledged is checked. What is drawn follows from the seed, what
 * lives at that moment and can be hurt does not. Leaves no process.
 */
export async function chaos({ seed, sessions, seconds }: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(seed);
  const place = new Place();
  const callers: Caller[] = [];
  const givers: TaskGiver[] = [];
  const tasks = (): KnownSession[] => givers.flatMap((giver) => giver.tasks);
  const faults = new Map<string, number>();
  const wrong: string[] = [];
  let endMs = Infinity;
  try {
    for (let index = 0; index < sessions; index += 1) {
      const session = await start(place, `chaos-${index}`);
      callers.push(new Caller(place, session, randomOf(seed * 1_000 + index), () => performance.now() > endMs));
    }
    for (let index = 0; index < sessions / SESSIONS_TO_A_TASK; index += 1)
      givers.push(new TaskGiver(place, `task-${index}`, () => performance.now() > endMs));
    const beganMs = performance.now();
    endMs = beganMs + seconds * 1_000;
    const running: Promise<unknown>[] = [...callers, ...givers].map((one) => one.work());
    const hurter = new Hurter(place, () => [...callers, ...tasks()], random);
    let beats = 0;
    let deadBeats = 0;
    // On a clock: neither a slow fault nor a busy machine makes the beat slower.
    for (let dueMs = beganMs + FAULT_EVERY_MS; dueMs < endMs; dueMs += FAULT_EVERY_MS) {
      await delay(Math.max(0, dueMs - performance.now()));
      beats += 1;
      if (!hurter.isAnyAlive) deadBeats += 1;
      const hurt = hurter.hurt();
      if (hurt === null) continue;
      running.push(hurt.over);
      faults.set(hurt.fault, (faults.get(hurt.fault) ?? 0) + 1);
    }
    const lastedMs = performance.now() - beganMs;
    await Promise.all(running);
    wrong.push(...(await settle(place, callers, tasks())));
    for (const caller of callers) wrong.push(...check(place, caller));
    for (const task of tasks()) wrong.push(...checkTask(place, task));
    wrong.push(...(await stopAll(place, [...callers, ...tasks()])));
    return {
      ...summary(callers),
      tasks: endsOf(tasks()),
      wrong,
      faults: Object.fromEntries(faults),
      beats,
      deadBeats,
      seconds: lastedMs / 1_000,
      canFillDisk: place.ownDisk,
      kept: wrong.length > 0 ? place.root : null,
    };
  } finally {
    endAll([...callers, ...tasks()]);
    place.close(wrong.length > 0);
  }
}

async function start(place: Place, name: string): Promise<{ name: string; id: string }> {
  const { code, stdout, stderr } = await place.conduxt(['start', name, '--permissions', 'ask', '--no-wait', '--json']);
  if (code !== 0) throw new Error(`a session could not be started: ${stderr}`);
  return { name, id: (JSON.parse(stdout) as { sessionId: string }).sessionId };
}

/** As cron would: passes of the watchdog until nothing is owed. What a question holds up is cancelled by its person. */
async function settle(place: Place, callers: readonly Caller[], tasks: readonly KnownSession[]): Promise<string[]> {
  const end = performance.now() + SETTLE_PATIENCE_MS;
  for (;;) {
    await place.conduxt(['watchdog', '--once'], 60_000);
    const open = callers.filter((caller) => {
      const { prompts, turns, life } = caller.folded();
      return !life.stopped && (prompts.owed.length > 0 || turns.open !== null);
    });
    const atWork = tasks.filter((task) => task.folded().life.ended === null);
    if (open.length + atWork.length === 0) return [];
    if (performance.now() > end) return [...open, ...atWork].map(({ name }) => `${name} still owes something`);
    for (const caller of open) {
      if (caller.folded().life.decisions.size === 0) continue;
      caller.asked.push({ verb: 'cancel', acknowledged: (await place.conduxt(['cancel', caller.name])).code === 0 });
    }
    await delay(FAULT_EVERY_MS);
  }
}

function check(place: Place, { id, name, asked, wrong }: Caller): string[] {
  const { records, damaged } = place.journalOf(id);
  const seen = promptsSeen(place.agentLogOf(id));
  const broken = brokenPromises({ asked, seen, journal: records, damaged: damaged.length });
  return [...wrong, ...broken].map((text) => `${name} (${id}): ${text}`);
}

function checkTask(place: Place, { id, name }: KnownSession): string[] {
  const { records, damaged } = place.journalOf(id);
  const branch = `fix/${name}`;
  const broken = brokenTask({
    journal: records,
    damaged: damaged.length,
    prompts: promptsIn(place.agentLogOf(id)),
    pushed: place.pushed(branch),
    pullRequests: place.pullRequests(branch),
  });
  return broken.map((text) => `${name} (${id}): ${text}`);
}

async function stopAll(place: Place, all: readonly KnownSession[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name } of all) {
    const { code, stderr } = await place.conduxt(['stop', name], 60_000);
    if (code !== 0) wrong.push(`${name} could not be stopped (${code}): ${stderr}`);
  }
  for (const [id, pids] of markedProcesses())
    if (all.some((one) => one.id === id)) wrong.push(`${id} left ${pids.join(', ')} running`);
  return wrong;
}

function summary(callers: readonly Caller[]): Pick<ChaosReport, 'acknowledged' | 'ends'> {
  const acknowledged: Record<string, number> = { tell: 0, cancel: 0, answer: 0, stop: 0, resume: 0 };
  const ends: Record<string, number> = {};
  for (const caller of callers) {
    const { byKey } = caller.folded().prompts;
    for (const one of caller.asked.filter((each) => each.acknowledged)) {
      acknowledged[one.verb] = (acknowledged[one.verb] ?? 0) + 1;
      if (one.verb !== 'tell') continue;
      const state = byKey.get(one.key)?.state ?? 'lost';
      ends[state] = (ends[state] ?? 0) + 1;
    }
  }
  return { acknowledged, ends };
}

function endsOf(tasks: readonly KnownSession[]): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const task of tasks) {
    const end = task.folded().life.ended?.end ?? 'open';
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return ends;
}

/** SIGKILL for whatever is left, by its pid. */
function endAll(all: readonly KnownSession[]): void {
  for (const one of all) {
    const { host } = one.folded().life;
    if (host !== null && isAlive(host.process)) process.kill(host.process.pid, 'SIGKILL');
  }
  for (const [id, pids] of markedProcesses())
    if (all.some((one) => one.id === id)) for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** One line about what was done to the sessions. */
export function wordsAboutFaults({ faults, beats, deadBeats, seconds }: ChaosReport): string {
  const sum = Object.values(faults).reduce((total, count) => total + count, 0);
  const rate = (sum / seconds).toFixed(1);
  return (
    `${sum} faults in ${Math.round(seconds)} s (${rate} a second): ${JSON.stringify(faults)}; ` +
    `${beats} beats, at ${deadBeats} of which nothing lived`
  );
}
