import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { isAlive } from '../../src/process/identity.ts';
import { Scratch, waitFor, type LiveSession } from '../host/scratch.ts';
import { randomOf } from './simulation.ts';

const FULL = process.env['FAULTS'] === 'all';
const SESSIONS = FULL ? 25 : 2;
const TELLS_EACH = FULL ? 400 : 30;
/** One in so many tells is followed by a `kill -9`, of the host or of the agent. */
const KILL_EVERY = FULL ? 40 : 10;
const SEED = Number(process.env['FAULT_SEED'] ?? '1');

interface Told {
  readonly session: LiveSession;
  readonly acknowledged: string[];
  kills: number;
}

/** Tells with the same key until it is acknowledged, as a careful caller would; now and then something is killed. */
async function tellAll(told: Told, random: () => number): Promise<void> {
  const { session, acknowledged } = told;
  for (let number = 0; number < TELLS_EACH; number += 1) {
    const text = `say ${number}`;
    const willKill = random() < 1 / KILL_EVERY;
    // Half of the kills meet the tell on its way, the others find it acknowledged.
    const early = willKill && random() < 0.5;
    const telling = tellOnce(session, text);
    if (early) kill(told, random);
    await telling;
    acknowledged.push(text);
    if (willKill && !early) kill(told, random);
  }
}

async function tellOnce(session: LiveSession, text: string): Promise<void> {
  for (;;) {
    try {
      await session.tell(text);
      return;
    } catch (error) {
      // Not acknowledged: the caller knows, and says it again. On a busy machine a host may also start too slowly.
      const isRefusal = error instanceof ConduxtError && (error.exitCode === 75 || error.code === 'host-not-started');
      if (!isRefusal) throw error;
    }
  }
}

function kill(told: Told, random: () => number): void {
  const { host, agent } = told.session.view().folded.life;
  const victim = random() < 0.7 ? (host?.process ?? null) : agent.process;
  if (victim === null || !isAlive(victim)) return;
  process.kill(victim.pid, 'SIGKILL');
  told.kills += 1;
}

/** Until nothing is owed any more; a host that was killed last is started again. */
async function settled(session: LiveSession): Promise<void> {
  const isOver = (): boolean => {
    const { prompts, turns } = session.view().folded;
    return prompts.owed.length === 0 && turns.open === null;
  };
  const end = performance.now() + 300_000;
  while (!isOver()) {
    await session.host();
    await waitFor(
      session.paths.dir,
      () => isOver() || !session.view().hostAlive,
      Math.max(1, end - performance.now()),
      () => `something is still owed: ${JSON.stringify(session.view().folded.prompts.owed.slice(0, 3))}`,
    );
  }
}

function check({ session, acknowledged }: Told): { readonly wrong: string[]; readonly unknown: number } {
  const { prompts } = session.view().folded;
  const wrong: string[] = [];
  let unknown = 0;
  const seen = new Map<string, number>();
  for (const prompt of session.prompts()) {
    const text = prompt.split('\n').at(-1) ?? '';
    seen.set(text, (seen.get(text) ?? 0) + 1);
  }
  for (const text of acknowledged) {
    const entry = prompts.byKey.get(`key/${text}`);
    if (entry === undefined) wrong.push(`${text} was acknowledged and is lost`);
    else if (entry.state === 'unknown' || entry.state === 'failed') unknown += 1;
    else if (entry.state !== 'done') wrong.push(`${text} is ${entry.state}`);
    else if (!seen.has(text)) wrong.push(`${text} is called done, and the agent never saw it`);
    if ((seen.get(text) ?? 0) > 1) wrong.push(`the agent saw ${text} ${seen.get(text)} times`);
  }
  const order = acknowledged.map((text) => prompts.byKey.get(`key/${text}`)?.queuedSeq ?? 0);
  if (order.some((seq, index) => seq <= (order[index - 1] ?? 0))) wrong.push('acknowledged in another order');
  return { wrong: wrong.map((text) => `${session.record.name}: ${text} (FAULT_SEED=${SEED})`), unknown };
}

describe('acknowledged prompts under random kill -9', () => {
  it(`of ${SESSIONS * TELLS_EACH} none is lost, and none runs twice`, { timeout: 2_400_000 }, async (t) => {
    const scratch = new Scratch(t);
    const told: Told[] = Array.from({ length: SESSIONS }, () => ({
      session: scratch.plain(
        { prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] },
        { limits: { hostIdleMs: 1_000 } },
      ),
      acknowledged: [],
      kills: 0,
    }));
    const begin = performance.now();
    const waiting = [...told.entries()];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, one] = next;
        await tellAll(one, randomOf(SEED * 1000 + index));
        await settled(one.session);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    const checked = told.map(check);
    const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
    const kills = sum(told.map((one) => one.kills));
    t.diagnostic(
      `${sum(told.map(({ acknowledged }) => acknowledged.length))} acknowledged, ${kills} kills, ` +
        `${sum(checked.map(({ unknown }) => unknown))} said to be unknown or failed, ` +
        `${Math.round((performance.now() - begin) / 1000)} s`,
    );
    assert.deepEqual(
      checked.flatMap(({ wrong }) => wrong),
      [],
    );
    assert.ok(kills >= SESSIONS, 'nothing was killed');
  });
});
