import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SessionFacts } from '../../src/watchdog/facts.ts';
import { phases } from '../../src/session/words.ts';
import { loginHalts } from '../../src/watchdog/login-halt.ts';
import { noMemory, parseMemory, type WatchMemory } from '../../src/watchdog/memory.ts';
import { afterTry, judge } from '../../src/watchdog/policy.ts';
import type { WatchSettings } from '../../src/watchdog/settings.ts';
import type { Rule, Verdict } from '../../src/watchdog/verdict.ts';
import { facts, processOf, HOUR, living, MINUTE, NOW, settings, turn } from './facts.ts';

const around = (nowMs = NOW, over: { asked?: boolean; halted?: string[]; bootId?: string } = {}) => ({
  nowMs,
  haltedAgents: new Set(over.halted ?? []),
  asked: over.asked ?? false,
  bootId: over.bootId ?? 'boot-1',
});
const look = (one: SessionFacts, memory = noMemory, nowMs = NOW, over: Partial<WatchSettings> = {}): Verdict =>
  judge(one, memory, { ...settings, ...over }, around(nowMs));
const acts = ({ actions }: Verdict): string[] => actions.map(({ type }) => type);

const forReview = {
  state: 'awaiting-review',
  isOwed: false,
  awaiting: { phase: 'awaiting_review', sinceMs: NOW - 7 * 24 * HOUR, news: null },
} as const;

describe('one look at a session', () => {
  const question = { id: 'd-1', question: 'May it?', askedAt: null, deadlineMs: NOW - HOUR };
  const table: readonly [string, SessionFacts, Rule, readonly string[]][] = [
    ['a dead host is replaced', facts(), 'host-dead', ['start-host']],
    [
      'a restart of the machine is known',
      facts({ host: { type: 'dead', rebooted: true } }),
      'rebooted',
      ['start-host'],
    ],
    ['a session whose maker died is begun', facts({ host: { type: 'never' } }), 'never-started', ['start-host']],
    ['a host that left too early is replaced', facts({ host: { type: 'left' } }), 'host-dead', ['start-host']],
    [
      'a silent host is ended first',
      living({ host: { type: 'silent', process: processOf(1) } }),
      'host-silent',
      ['start-host'],
    ],
    [
      'a silent host that owes nothing is left alone',
      living({ host: { type: 'silent', process: processOf(1) }, isOwed: false, agentProcess: 'none', state: 'idle' }),
      'nothing-owed',
      [],
    ],
    [
      'a host that is just leaving is left alone',
      living({ host: { type: 'deaf', process: processOf(1) } }),
      'host-deaf',
      [],
    ],
    ['a session at work is healthy', living({ turn: turn() }), 'healthy', []],
    ['an ended task is over', facts({ state: 'failed', isOwed: false }), 'over', []],
    [
      'an idle session owes nothing',
      facts({ state: 'idle', isOwed: false, host: { type: 'left' } }),
      'nothing-owed',
      [],
    ],
    ['a question waits for a person', facts({ state: 'needs-person', isOwed: false }), 'waits-for-person', []],
    [
      'a question whose time is over gets a host that takes its default',
      facts({ state: 'needs-person', isOwed: false, decisions: [question] }),
      'decision-expired',
      ['start-host'],
    ],
    [
      'what a dead host left running is swept',
      facts({ state: 'idle', isOwed: false, agentProcess: 'alive' }),
      'orphans',
      ['start-host'],
    ],
    [
      'so is what left its process group',
      facts({ state: 'stopped', isOwed: false, orphans: [7] }),
      'orphans',
      ['start-host'],
    ],
    [
      'an agent that waits in its terminal needs no host',
      facts({
        state: 'idle',
        isOwed: false,
        backend: 'tmux',
        host: { type: 'left' },
        agentProcess: 'alive',
        orphans: [7],
      }),
      'nothing-owed',
      [],
    ],
    [
      'what is left of one that is gone is swept',
      facts({
        state: 'idle',
        isOwed: false,
        backend: 'tmux',
        host: { type: 'left' },
        agentProcess: 'gone',
        orphans: [7],
      }),
      'orphans',
      ['start-host'],
    ],
    [
      'so is the terminal of a session that was stopped',
      facts({ state: 'stopped', isOwed: false, isStopped: true, backend: 'tmux', agentProcess: 'alive', orphans: [7] }),
      'orphans',
      ['start-host'],
    ],
    ['a task that waits for a review is left alone', facts({ ...forReview, host: { type: 'left' } }), 'awaiting', []],
    ['also after a week, with a host', living({ ...forReview, isOwed: false }), 'awaiting', []],
    [
      'a phase that no host has heard of gets one',
      facts({ ...forReview, host: { type: 'left' }, awaiting: { ...forReview.awaiting, news: 'merged' } }),
      'phase-reported',
      ['start-host'],
    ],
    [
      'a host that missed it is woken',
      living({ ...forReview, awaiting: { ...forReview.awaiting, news: 'failed' } }),
      'phase-reported',
      ['wake'],
    ],
    [
      'people who were not told of it yet are told by a host',
      facts({ ...forReview, isOwed: true, host: { type: 'left' } }),
      'host-dead',
      ['start-host'],
    ],
    ['a parked task waits', living({ state: 'parked', parkedUntilMs: NOW + HOUR }), 'parked', []],
    [
      'a parked task that slept through its time is woken',
      living({ parkedUntilMs: NOW - HOUR }),
      'wake-overdue',
      ['wake'],
    ],
    ['an expired question is closed', living({ turn: turn(), decisions: [question] }), 'decision-expired', ['expire']],
    [
      'an open question is no stall',
      living({ turn: turn({ lastSignAtMs: NOW - HOUR }), decisions: [{ ...question, deadlineMs: null }] }),
      'waits-for-person',
      [],
    ],
    [
      'a stalled turn is told, not ended',
      living({ turn: turn({ lastSignAtMs: NOW - HOUR }) }),
      'stalled',
      ['milestone', 'tell'],
    ],
    [
      'a turn beyond its limit is ended',
      living({ turn: turn({ startedAtMs: NOW - 3 * HOUR }) }),
      'turn-overdue',
      ['renew-agent'],
    ],
    [
      'a cancel that has no effect is enforced',
      living({ turn: turn({ cancelRequested: true, lastSignAtMs: NOW - 5 * MINUTE }) }),
      'cancel-overdue',
      ['renew-agent'],
    ],
    [
      'an agent that was just lost is the host’s affair',
      living({ turn: turn(), agentProcess: 'gone' }),
      'agent-gone',
      [],
    ],
  ];
  for (const [name, one, rule, actions] of table) {
    it(name, () => {
      const verdict = look(one);
      assert.deepEqual([verdict.rule, acts(verdict)], [rule, actions]);
    });
  }

  it('ends only the host that does not answer', () => {
    assert.deepEqual(look(facts()).actions, [{ type: 'start-host', endFirst: null, why: 'its host died' }]);
    const silent = look(living({ host: { type: 'silent', process: processOf(1) } })).actions[0];
    assert.ok(silent?.type === 'start-host' && silent.endFirst?.process.pid === 1);
  });
});

describe('a second look', () => {
  it('tells nobody twice of the same stall, and again of the next', () => {
    const stalled = living({ turn: turn({ lastSignAtMs: NOW - HOUR }) });
    const first = look(stalled);
    assert.deepEqual(acts(look(stalled, first.memory, NOW + 3 * MINUTE)), []);
    const next = living({ turn: turn({ turnId: 't-2', lastSignAtMs: NOW - HOUR }) });
    assert.deepEqual(acts(look(next, first.memory)), ['milestone', 'tell']);
  });

  it('ends the agent of a stalled turn when the user said so, and the host when that does not help', () => {
    const stalled = living({ turn: turn({ lastSignAtMs: NOW - HOUR }) });
    const first = look(stalled, noMemory, NOW, { restartStalled: true });
    assert.deepEqual(acts(first), ['renew-agent']);
    const second = look(stalled, first.memory, NOW + 3 * MINUTE, { restartStalled: true });
    assert.deepEqual(
      second.actions.map((one) => one.type === 'start-host' && one.endFirst),
      [{ process: processOf(42), stuckIn: 't-1' }],
    );
  });

  it('acts on an agent that stays gone, and on a host that stays deaf', () => {
    const gone = living({ turn: turn(), agentProcess: 'gone' });
    assert.deepEqual(acts(look(gone, look(gone).memory)), ['renew-agent']);
    const deaf = living({ host: { type: 'deaf', process: processOf(9) } });
    assert.deepEqual(acts(look(deaf, look(deaf).memory)), ['start-host']);
    const another = living({ host: { type: 'deaf', process: processOf(10) } });
    assert.deepEqual(acts(look(another, look(deaf).memory)), [], 'that is another host, just leaving');
  });
});

/** Passes every `stepMs` while nothing helps. @returns when hosts were started, and when it was given up. */
function failing(stepMs: number, forMs: number, at: (ms: number) => Partial<SessionFacts> = () => ({})) {
  const startedMs: number[] = [];
  const givenUpMs: number[] = [];
  let memory: WatchMemory = noMemory;
  for (let ms = 0; ms <= forMs; ms += stepMs) {
    const verdict = look(facts(at(ms)), memory, NOW + ms);
    memory = verdict.memory;
    if (acts(verdict).includes('start-host')) startedMs.push(ms);
    if (acts(verdict).includes('give-up')) givenUpMs.push(ms);
  }
  return { startedMs, givenUpMs, memory };
}

describe('recovery that fails', () => {
  it('is tried after 3, 6, 12, 24 … minutes and given up after five hours', () => {
    const { startedMs, givenUpMs } = failing(3 * MINUTE, 6 * HOUR);
    assert.deepEqual(
      startedMs.map((ms) => ms / MINUTE),
      [0, 3, 9, 21, 45, 93, 189],
    );
    assert.equal(givenUpMs[0], 5 * HOUR);
    assert.equal(givenUpMs.length, 1, 'it is given up once, not in every pass');
  });

  it('does not count the time in which it is parked', () => {
    const parked = failing(3 * MINUTE, 8 * HOUR, (ms) => ({ parkedUntilMs: ms < 3 * HOUR ? NOW + 3 * HOUR : null }));
    const [givenUpMs = 0] = parked.givenUpMs;
    assert.ok(Math.abs(givenUpMs - 8 * HOUR) <= 3 * MINUTE, `${givenUpMs / MINUTE} min`);
  });

  it('begins anew when it was seen healthy', () => {
    const { memory } = failing(3 * MINUTE, HOUR);
    const healthy = look(living({ turn: turn() }), memory, NOW + HOUR).memory;
    assert.deepEqual([healthy.tried, healthy.failingMs, healthy.nextTryAtMs], [0, 0, null]);
    assert.deepEqual(acts(look(facts(), healthy, NOW + HOUR + MINUTE)), ['start-host']);
  });

  it('does not use up its hours while the machine is off, nor by a clock that was set', () => {
    const { memory } = failing(3 * MINUTE, 30 * MINUTE);
    const later = look(facts(), memory, NOW + 48 * HOUR);
    assert.deepEqual(acts(later), ['start-host'], 'two days off are not two days of failing');
    assert.ok(later.memory.failingMs < 2 * HOUR);
    const back = look(facts(), later.memory, NOW - 24 * HOUR);
    assert.deepEqual(acts(back), ['start-host'], 'a time of trying again that lies days ahead is none');
    assert.ok(back.memory.failingMs >= later.memory.failingMs);
  });

  it('is not held up by its pause when a person asks', () => {
    const first = look(facts());
    assert.deepEqual(acts(look(facts(), first.memory, NOW + 1000)), []);
    const asked = judge(facts(), first.memory, settings, around(NOW + 1000, { asked: true }));
    assert.deepEqual(acts(asked), ['start-host']);
  });

  it('is tried at the first look after a reboot, however long its pause was, and then as at first', () => {
    const { memory } = failing(3 * MINUTE, 95 * MINUTE);
    const at = NOW + 100 * MINUTE;
    assert.deepEqual(
      acts(judge(facts(), memory, settings, around(at))),
      [],
      'its next try is an hour and a half ahead',
    );
    const booted = judge(facts(), memory, settings, around(at, { bootId: 'boot-2' }));
    assert.deepEqual(acts(booted), ['start-host']);
    assert.equal(booted.nextAtMs, at + 3 * MINUTE);
    assert.ok(booted.memory.failingMs > 90 * MINUTE, 'reboots do not keep it from being given up');
    assert.deepEqual(acts(judge(facts(), booted.memory, settings, around(at + MINUTE, { bootId: 'boot-2' }))), []);
  });

  it('is told to people once, from the second failure on', () => {
    let { memory } = look(facts());
    const told: boolean[] = [];
    for (const ms of [0, 3 * MINUTE, 9 * MINUTE]) {
      if (ms > 0) memory = look(facts(), memory, NOW + ms).memory;
      const after = afterTry(memory, 'no such file');
      ({ memory } = after);
      told.push(after.tell);
    }
    assert.deepEqual(told, [false, true, false]);
    assert.equal(memory.tries.at(-1)?.problem, 'no such file');
  });
});

describe('a mass login failure', () => {
  const refused = (id: string, atMs = NOW - HOUR): SessionFacts => facts({ id, loginRefusedAtMs: atMs });

  it('halts the fleet of that agent, and no other', () => {
    const fleet = [refused('1'), refused('2'), refused('3'), facts({ id: '4', agent: 'codex' })];
    assert.deepEqual([...loginHalts(fleet)], [['claude', fleet.slice(0, 3)]]);
    const held = judge(facts(), noMemory, settings, around(NOW, { halted: ['claude'] }));
    assert.deepEqual([held.rule, acts(held)], ['login-halt', []]);
    const asked = judge(facts(), noMemory, settings, around(NOW, { halted: ['claude'], asked: true }));
    assert.deepEqual(acts(asked), ['start-host']);
  });

  it('ends when one of them has worked again', () => {
    const works = facts({ id: '4', agentWorkedAtMs: NOW });
    assert.equal(loginHalts([refused('1'), refused('2'), refused('3'), works]).size, 0);
    assert.equal(loginHalts([refused('1'), refused('2')]).size, 0);
  });

  it('is no failing of recovery: its hours do not run', () => {
    let memory: WatchMemory = look(facts()).memory;
    for (let ms = 0; ms < 10 * HOUR; ms += 3 * MINUTE)
      ({ memory } = judge(facts(), memory, settings, around(NOW + ms, { halted: ['claude'] })));
    assert.equal(memory.failingMs, 0);
  });
});

describe('whatever is found', () => {
  const time = fc.integer({ min: NOW - 10 * HOUR, max: NOW + 10 * HOUR });
  const anyFacts: fc.Arbitrary<SessionFacts> = fc.record({
    name: fc.constant('x'),
    id: fc.constant('s-1'),
    agent: fc.constantFrom('claude', 'codex'),
    backend: fc.constant('acp' as const),
    hasTask: fc.boolean(),
    state: fc.constantFrom('crashed', 'running', 'parked', 'idle', 'needs-person', 'failed', 'stopped', 'completed'),
    isOwed: fc.boolean(),
    isStopped: fc.boolean(),
    host: fc.oneof(
      fc.constantFrom<SessionFacts['host']>({ type: 'never' }, { type: 'left' }),
      fc.boolean().map((rebooted) => ({ type: 'dead' as const, rebooted })),
      fc.constantFrom('answers', 'silent', 'deaf').map((type) => ({ type, process: processOf(5) })),
    ),
    agentProcess: fc.constantFrom('none', 'alive', 'gone'),
    orphans: fc.array(fc.nat(), { maxLength: 2 }),
    turn: fc.option(fc.record({ startedAtMs: time, lastSignAtMs: time, cancelRequested: fc.boolean() }).map(turn)),
    parkedUntilMs: fc.option(time),
    awaiting: fc.option(
      fc.record({
        phase: fc.constantFrom('awaiting_review', 'awaiting_ci'),
        sinceMs: time,
        news: fc.option(fc.constantFrom(...phases)),
      }),
    ),
    decisions: fc.array(
      fc.record({
        id: fc.constant('d'),
        question: fc.string(),
        askedAt: fc.constant(null),
        deadlineMs: fc.option(time),
      }),
    ),
    loginRefusedAtMs: fc.option(time),
    agentWorkedAtMs: fc.option(time),
  });

  it('the same pass again, at once, does nothing more', () => {
    fc.assert(
      fc.property(anyFacts, fc.boolean(), (one, restartStalled) => {
        const over = { restartStalled };
        const first = look(one, noMemory, NOW, over);
        const again = look(one, first.memory, NOW, over);
        const repeatable = new Set(['wake', 'expire']);
        if (first.rule === 'host-deaf' || first.rule === 'agent-gone') return;
        if (acts(first).includes('renew-agent')) return;
        assert.deepEqual(
          acts(again).filter((type) => !repeatable.has(type)),
          [],
        );
      }),
    );
  });

  it('a host is started only where none answers, or where ending the agent did not help', () => {
    fc.assert(
      fc.property(anyFacts, (one) => {
        if (one.host.type === 'answers') assert.ok(!acts(look(one)).includes('start-host'));
      }),
    );
  });

  it('tries come ever more rarely, and there is an end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 5, maxLength: 60 }), (steps) => {
        let memory: WatchMemory = noMemory;
        let nowMs = NOW;
        const startedMs: number[] = [];
        for (const step of steps) {
          const verdict = look(facts(), memory, nowMs);
          if (acts(verdict).includes('start-host')) startedMs.push(nowMs);
          ({ memory } = verdict);
          nowMs += step * MINUTE;
        }
        const gaps = startedMs.slice(1).map((ms, index) => ms - (startedMs[index] ?? 0));
        gaps.forEach((gap, index) => assert.ok(gap >= Math.min(3 * MINUTE * 2 ** index, settings.giveUpMs)));
        assert.ok(startedMs.length <= 8);
      }),
    );
  });

  it('the memory survives being written down, and rubbish is no memory', () => {
    const { memory } = look(living({ turn: turn({ lastSignAtMs: NOW - HOUR }) }));
    assert.deepEqual(parseMemory(JSON.stringify({ schemaVersion: 1, ...memory })), memory);
    fc.assert(fc.property(fc.string(), (text) => assert.ok(parseMemory(text).tried >= 0)));
  });
});
