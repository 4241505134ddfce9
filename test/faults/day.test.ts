import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pauseAfter } from '../../src/watchdog/backoff.ts';
import { nextBeat } from '../../src/watchdog/beat.ts';
import { noMemory, type WatchMemory } from '../../src/watchdog/memory.ts';
import { afterTry, GRACE_MS, judge } from '../../src/watchdog/policy.ts';
import type { SessionFacts } from '../../src/watchdog/facts.ts';
import { facts, HOUR, living, MINUTE, NOW, settings, turn } from '../watchdog/facts.ts';
import { randomOf } from './simulation.ts';

const DAY = 24 * HOUR;
const SEED = Number(process.env['FAULT_SEED'] ?? '1');
const SEEDS = process.env['FAULTS'] === 'all' ? 1_000 : 30;
/** A look begins this late in its beat at most, and takes so long at most. */
const LATE_MS = 5_000;
const LOOK_MS = 10_000;

interface Acted {
  readonly atMs: number;
  readonly type: string;
}

/** One session under the watchdog: what it is like at a time, given what was done to it. */
interface Watched {
  readonly like: (nowMs: number, acted: readonly Acted[]) => SessionFacts;
  memory: WatchMemory;
  readonly acted: Acted[];
}

/** A day of looks, each late and slow by chance; when each of them began. */
function liveThrough(sessions: readonly Watched[], random: () => number): readonly number[] {
  const begun: number[] = [];
  for (let beatMs = 0; beatMs < DAY;) {
    let nowMs = NOW + beatMs + random() * LATE_MS;
    begun.push(nowMs);
    const endMs = nowMs + random() * LOOK_MS;
    for (const [index, session] of sessions.entries()) {
      // Each session is looked at somewhere in the look.
      nowMs += ((endMs - nowMs) * random()) / (sessions.length - index);
      lookAt(session, nowMs);
    }
    beatMs = nextBeat(0, settings.intervalMs, endMs - NOW);
  }
  return begun;
}

function lookAt(session: Watched, nowMs: number): void {
  const around = { nowMs, haltedAgents: new Set<string>(), asked: false, bootId: 'boot-1' };
  const verdict = judge(session.like(nowMs, session.acted), session.memory, settings, around);
  session.memory = verdict.memory;
  for (const { type } of verdict.actions) {
    session.acted.push({ atMs: nowMs, type });
    if (type === 'start-host') session.memory = afterTry(session.memory, 'it does not start').memory;
  }
}

const session = (like: Watched['like']): Watched => ({ like, memory: noMemory, acted: [] });
const times = ({ acted }: Watched, type: string): number[] =>
  acted.flatMap((one) => (one.type === type ? [one.atMs] : []));
const did = (acted: readonly Acted[], type: string): boolean => acted.some((one) => one.type === type);

function day(seed: number): { readonly looks: number; readonly driftMs: number; readonly latestTryMs: number } {
  const random = randomOf(seed);
  const parkedUntilMs = NOW + random() * DAY * 0.9;
  const diesAtMs = NOW + random() * DAY * 0.7;
  const startedAtMs = NOW + random() * DAY * 0.9 - 2 * HOUR;
  const deadlineMs = NOW + random() * DAY * 0.9;
  const hopeless = session((nowMs, acted) =>
    did(acted, 'give-up') ? facts({ state: 'failed', isOwed: false }) : nowMs < diesAtMs ? living() : facts(),
  );
  const parked = session((_, acted) => (did(acted, 'wake') ? living() : living({ state: 'parked', parkedUntilMs })));
  const overdue = session((nowMs, acted) =>
    nowMs < startedAtMs || did(acted, 'renew-agent')
      ? living()
      : living({ turn: turn({ startedAtMs, lastSignAtMs: nowMs }) }),
  );
  const asking = session((_, acted) =>
    did(acted, 'expire')
      ? living()
      : living({ state: 'needs-person', decisions: [{ id: 'd', question: '?', askedAt: null, deadlineMs }] }),
  );
  const well = session(() => living());
  const begun = liveThrough([hopeless, parked, overdue, asking, well], random);

  const where = `FAULT_SEED=${seed}`;
  const most = settings.intervalMs + LATE_MS + LOOK_MS;
  const within = (atMs: number | undefined, dueMs: number, what: string): void => {
    assert.ok(atMs !== undefined && atMs >= dueMs && atMs < dueMs + most, `${what}: ${atMs} for ${dueMs} (${where})`);
  };
  // Once each, in the first look after its time.
  assert.equal(times(parked, 'wake').length, 1, where);
  within(times(parked, 'wake')[0], parkedUntilMs + GRACE_MS, 'woken');
  assert.equal(times(overdue, 'renew-agent').length, 1, where);
  within(times(overdue, 'renew-agent')[0], startedAtMs + 2 * HOUR + 10_000 + GRACE_MS, 'renewed');
  assert.equal(times(asking, 'expire').length, 1, where);
  within(times(asking, 'expire')[0], deadlineMs + GRACE_MS, 'expired');
  assert.deepEqual(well.acted, [], where);
  // 3, 6, 12 … minutes, whatever the looks were like.
  const tries = times(hopeless, 'start-host');
  const pauses = tries.slice(1).map((atMs, index) => atMs - (tries[index] ?? 0));
  const wanted = pauses.map((_, index) => pauseAfter(index + 1, settings));
  const latestTryMs = Math.max(...pauses.map((pause, index) => Math.abs(pause - (wanted[index] ?? 0))));
  assert.ok(latestTryMs < LATE_MS + LOOK_MS, `pauses of ${pauses.map((ms) => ms / MINUTE).join(', ')} min (${where})`);
  assert.equal(tries.length, 7, where);
  const [gaveUp, ...again] = times(hopeless, 'give-up');
  assert.deepEqual(again, [], where);
  const failingMs = (gaveUp ?? 0) - (tries[0] ?? 0);
  assert.ok(Math.abs(failingMs - 5 * HOUR) < most, `given up after ${failingMs / MINUTE} min (${where})`);
  // The last look is as far from its beat as the first may be.
  const driftMs = Math.max(...begun.map((atMs, index) => atMs - NOW - index * settings.intervalMs));
  return { looks: begun.length, driftMs, latestTryMs };
}

describe('24 hours of virtual time under the watchdog', () => {
  it('drift by nothing: every look is on its beat, every deadline, pause and retry in its time', (t) => {
    const days = Array.from({ length: SEEDS }, (_, index) => day(SEED + index));
    for (const { looks, driftMs } of days) {
      assert.equal(looks, DAY / settings.intervalMs);
      assert.ok(driftMs <= LATE_MS, `${driftMs} ms`);
    }
    t.diagnostic(
      `${SEEDS} days of ${days[0]?.looks} looks: at most ${Math.round(Math.max(...days.map((one) => one.driftMs)))} ms beside ` +
        `the beat (up to ${LATE_MS} ms were put in), retries at most ${Math.round(Math.max(...days.map((one) => one.latestTryMs)))} ms beside their time`,
    );
  });
});
