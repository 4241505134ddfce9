import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { isAlive } from '../../../src/process/identity.ts';
import { readJournal } from '../../../src/journal/read-journal.ts';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';
import { Machine } from '../../e2e/scratch.ts';
import {
  hurtCommand,
  hurtLiving,
  hurtStart,
  NOTHING,
  ONE_THREAD,
  whyNotTraceable,
  type Calls,
  type Hurt,
  type Point,
} from './inject.ts';
import { foldedOf, idOf, killHost, untilFolded, untilQuiet } from './looks.ts';
import { CALL_NAMES, kindWord, nameOf, parsePlace, Places, type Place, type VictimPoint } from './places.ts';

/** A single place, to look at it again: `starting host, fdatasync 3, error=EIO`. */
const PLACE = process.env['FAULT_PLACE'];
const FULL = process.env['FAULTS'] === 'all' && PLACE === undefined;
/** A place takes a second of computing, and some waits. */
const AT_ONCE = availableParallelism();
/** What does not end by then hangs. */
const PLACE_PATIENCE_MS = 180_000;
/** So many broken places tell enough. */
const MOST_BROKEN = 10;

/** What meets the fault: the command, the host that is started for it after a crash, or the one that lives already. */
export type Victim = 'command' | 'starting host' | 'living host';

export interface Scenario {
  readonly script: Script;
  /** Places tried for each call and kind; beyond them a command does the same again. */
  readonly most: number;
  readonly victims: readonly Victim[];
  /** Of the sample that `npm test` runs. */
  readonly sample: readonly VictimPoint[];
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

/** Registers a test that tries every place of every victim, or one for each place of the sample. */
export function atEveryCall(command: string, sentence: string, scenario: Scenario): void {
  describe(`conduxt ${command}, at every system call`, () => {
    const why = whyNotTraceable();
    if (!FULL) {
      for (const place of PLACE === undefined ? scenario.sample : [parsePlace(PLACE)]) {
        it(`${nameOf(place)}: ${sentence}`, async (t) => {
          if (why !== null) return t.skip(why);
          const { hit } = await tryPlace(await desk(t, scenario), scenario, place);
          assert.ok(hit, 'nothing was injected');
        });
      }
      return;
    }
    it(sentence, { timeout: 2_400_000 }, async (t) => {
      if (why !== null) return t.skip(why);
      const begin = performance.now();
      const places = new Places(scenario.most);
      for (const victim of scenario.victims)
        places.add(victim, await countCalls(await desk(t, scenario), scenario, victim));
      const broken = await tryAll(t, scenario, places);
      const seconds = Math.round((performance.now() - begin) / 1_000);
      t.diagnostic(`${command}: ${places.summary()}; ${broken.length} lost, twice or broken; ${seconds} s`);
      assert.deepEqual(broken, []);
    });
  });
}

/** Takes one place after the other, with a machine for each core. @returns what was broken, as sentences. */
async function tryAll(t: TestContext, scenario: Scenario, places: Places): Promise<string[]> {
  const broken: string[] = [];
  const worker = async (): Promise<void> => {
    let machine = await desk(t, scenario);
    for (let place = places.next(); place !== undefined && broken.length < MOST_BROKEN; place = places.next()) {
      try {
        places.tried(place, (await inTime(tryPlace(machine, scenario, place), machine)).hit);
      } catch (error) {
        broken.push(inspect(error));
        // What is broken may break the next one.
        machine = await desk(t, scenario);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return broken;
}

async function inTime<T>(work: Promise<T>, { root }: Machine): Promise<T> {
  const over = new AbortController();
  const late = delay(PLACE_PATIENCE_MS, null, { signal: over.signal }).then(() => {
    throw new Error(`hangs, in ${root}`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}

/** What calls a victim makes on the way that nothing disturbs. */
async function countCalls(machine: Machine, scenario: Scenario, victim: Victim): Promise<Calls> {
  const counted = await tryPlace(machine, scenario, { victim, call: CALL_NAMES.join(','), kind: NOTHING, nth: 1 });
  assert.equal(counted.code, 0, counted.stderr);
  return counted.calls;
}

async function desk(t: TestContext, scenario: Scenario): Promise<Machine> {
  const machine = new Machine(t);
  Object.assign(machine.env, ONE_THREAD);
  machine.agent(scenario.script, { hostIdleSeconds: 60 });
  await scenario.prepare?.(machine);
  return machine;
}

async function tryPlace(
  machine: Machine,
  scenario: Scenario,
  { victim, isAgain = false, ...point }: VictimPoint & Partial<Place>,
): Promise<Hurt> {
  const { call, kind, nth } = point;
  // Short: it may become a session's name.
  const key = `${victim[0]}-${kind === NOTHING ? 'count' : call}-${kindWord(kind)}-${nth}${isAgain ? '-again' : ''}`;
  const where = nameOf({ victim, ...point });
  const situation = await scenario.arrange(machine, key, victim);
  const hurt = await hurtOne(machine, victim, point, situation);
  try {
    allWhole(machine);
    if (hurt.code === 0) scenario.promised(machine, key);
    await scenario.settle(machine, key, hurt);
    allWhole(machine);
  } catch (error) {
    throw new Error(`${where} (in ${machine.root}); the command said ${hurt.code}: ${hurt.stderr}`, { cause: error });
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
    const hurt = await hurtLiving(machine, before.pid, point, args, () => untilQuiet(machine, session));
    assert.ok(hurt !== null, 'the host could not be traced');
    return hurt;
  }
  await killHost(machine, session);
  const isStarted = (): Promise<void> =>
    untilFolded(machine, session, 'the start of a host', ({ life }) => (life.host?.process.pid ?? 0) !== before.pid);
  const isOver = (): Promise<void> => untilQuiet(machine, session);
  return hurtStart(machine, idOf(machine, session) ?? '', point, args, { isStarted, isOver });
}

function allWhole(machine: Machine): void {
  for (const id of machine.sessionIds()) {
    const { damaged } = readJournal(path.join(machine.state, 'sessions', id, 'journal.ndjson'));
    assert.deepEqual(damaged, [], `the journal of ${id}`);
  }
}
