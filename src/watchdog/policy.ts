import { unreachable } from '../errors.ts';
import { awaitedWords } from '../views/awaited.ts';
import { formatDuration } from '../views/quantities.ts';
import { failingUntil, isDue, pauseAfter } from './backoff.ts';
import type { AwaitingFact, SessionFacts, TurnFact } from './facts.ts';
import { noMemory, type WatchMemory } from './memory.ts';
import type { WatchSettings } from './settings.ts';
import type { Rule, SensedHost, Verdict } from './verdict.ts';

/** A host keeps its own limits to the second; this much later they are overdue, and it is wedged. */
export const GRACE_MS = 60_000;

export interface Surroundings {
  readonly nowMs: number;
  /** Agents that refuse everybody for want of a login (`login-halt.ts`). */
  readonly haltedAgents: { has(agent: string): boolean };
  /** A person named this session: pauses and halts do not hold it up. */
  readonly asked: boolean;
  /** Of the running system. */
  readonly bootId: string;
}

/**
 * What is to be done about one session: facts in, plan out. First what a living host does wrong, then what a missing
 * one leaves undone. Nothing here ends an agent for being silent, unless the user said so.
 */
export function judge(
  facts: SessionFacts,
  memory: WatchMemory,
  settings: WatchSettings,
  around: Surroundings,
): Verdict {
  const case_: Case = { facts, memory, settings, around };
  switch (facts.host.type) {
    case 'answers':
      return judgeLiving(case_);
    case 'silent':
      return facts.isOwed || facts.agentProcess === 'alive'
        ? revive(case_, 'host-silent', 'its host did not answer three times', true)
        : quiet(case_, 'nothing-owed', 'its host does not answer, and nothing is owed');
    case 'deaf':
      return judgeDeaf(case_);
    case 'never':
    case 'left':
    case 'dead':
      return judgeWithoutHost(case_, facts.host);
    default:
      return unreachable(facts.host, 'host fact');
  }
}

interface Case {
  readonly facts: SessionFacts;
  readonly memory: WatchMemory;
  readonly settings: WatchSettings;
  readonly around: Surroundings;
}

// --- a host that answers ---------------------------------------------------------------------------------------------

function judgeLiving(case_: Case): Verdict {
  const { facts, around } = case_;
  const expired = expiredDecision(case_);
  if (expired !== undefined) return expire(case_, expired.id, expired.question);
  if (facts.turn !== null) return judgeTurn(case_, facts.turn);
  const { parkedUntilMs, awaiting } = facts;
  if (awaiting !== null) return awaitingLiving(case_, awaiting);
  if (parkedUntilMs === null) return healthy(case_, 'healthy', 'its host answers');
  if (around.nowMs <= parkedUntilMs + GRACE_MS) {
    const verdict = healthy(case_, 'parked', `it waits until ${isoOf(parkedUntilMs)}`);
    return { ...verdict, nextAtMs: parkedUntilMs };
  }
  // Timers stand still while a machine sleeps; the wall clock does not.
  const text = `woken: it was to go on at ${isoOf(parkedUntilMs)}`;
  return { ...healthy(case_, 'wake-overdue', text), actions: [{ type: 'wake', text }] };
}

/** Nothing of it is late: a review takes as long as it takes. */
function awaitingLiving(case_: Case, awaiting: AwaitingFact): Verdict {
  if (awaiting.news === null) return healthy(case_, 'awaiting', waitsFor(awaiting));
  // Its host watches the file; where it cannot, it is told to look.
  const text = `woken: its phase is ${awaiting.news} now`;
  return { ...healthy(case_, 'phase-reported', text), actions: [{ type: 'wake', text }] };
}

const waitsFor = ({ phase, sinceMs }: AwaitingFact): string =>
  `its work is delivered; since ${isoOf(sinceMs)} it waits for ${awaitedWords(phase)}`;

const expiredDecision = ({ facts, around }: Case): SessionFacts['decisions'][number] | undefined =>
  facts.decisions.find(({ deadlineMs }) => deadlineMs !== null && around.nowMs > deadlineMs + GRACE_MS);

function expire(case_: Case, decisionId: string, question: string): Verdict {
  const text = `the time for an answer is over: ${question}`;
  return { ...healthy(case_, 'decision-expired', text), actions: [{ type: 'expire', decisionId, text }] };
}

function judgeTurn(case_: Case, turn: TurnFact): Verdict {
  const { facts, settings, around } = case_;
  const ranMs = around.nowMs - turn.startedAtMs;
  const silentMs = around.nowMs - turn.lastSignAtMs;
  if (ranMs > turn.turnTimeoutMs + turn.cancelTimeoutMs + GRACE_MS) {
    return renew(case_, 'turn-overdue', turn, `the turn should have ended after ${formatDuration(turn.turnTimeoutMs)}`);
  }
  if (facts.agentProcess === 'gone') {
    // The host hears of it a moment after we do: only the second look counts.
    return seenBefore(case_, `gone/${turn.turnId}`)
      ? renew(case_, 'agent-gone', turn, 'the agent is gone, and its host did not notice')
      : note(healthy(case_, 'agent-gone', 'the agent is gone; its host is about to notice'), `gone/${turn.turnId}`);
  }
  if (turn.cancelRequested && silentMs > turn.cancelTimeoutMs + GRACE_MS) {
    // Silence stands for the time since the cancel: a wedged agent says nothing after it.
    return renew(case_, 'cancel-overdue', turn, 'the turn was cancelled and did not end');
  }
  const asked = facts.decisions.length > 0;
  if (!asked && silentMs > settings.stallMs) return stalled(case_, turn, silentMs);
  return healthy(case_, asked ? 'waits-for-person' : 'healthy', asked ? 'a question is open' : 'its host answers');
}

function stalled(case_: Case, turn: TurnFact, silentMs: number): Verdict {
  const because = `nothing was heard of the agent for ${formatDuration(silentMs)}`;
  if (case_.settings.restartStalled) return renew(case_, 'stalled', turn, because);
  const key = `stalled/${turn.turnId}`;
  const verdict = healthy(case_, 'stalled', because);
  if (seenBefore(case_, key)) return verdict;
  const text = `${because}; it is left alone`;
  return note(
    {
      ...verdict,
      actions: [
        { type: 'milestone', text },
        { type: 'tell', text },
      ],
    },
    key,
  );
}

/** First the host is asked to end the agent; a host that does not even do that by the next look is replaced. */
function renew(case_: Case, rule: Rule, turn: TurnFact, because: string): Verdict {
  const key = `renewed/${turn.turnId}`;
  if (seenBefore(case_, key)) return revive(case_, rule, `${because}, and ending the agent did not help`, true);
  const verdict = healthy(case_, rule, because);
  return note({ ...verdict, actions: [{ type: 'renew-agent', text: because }] }, key);
}

// --- no host ---------------------------------------------------------------------------------------------------------

function judgeDeaf(case_: Case): Verdict {
  const { facts } = case_;
  if (!facts.isOwed) return quiet(case_, 'nothing-owed', 'its host is leaving');
  const key = `deaf/${facts.host.type === 'deaf' ? facts.host.process.pid : 0}`;
  if (seenBefore(case_, key)) return revive(case_, 'host-deaf', 'nothing listens at its host’s socket', true);
  return note(quiet(case_, 'host-deaf', 'its host is starting or leaving'), key);
}

function judgeWithoutHost(
  case_: Case,
  host: Extract<SessionFacts['host'], { type: 'never' | 'left' | 'dead' }>,
): Verdict {
  const { facts } = case_;
  // A host that is started for work sweeps them as well.
  const left = facts.orphans.length > 0 || (host.type === 'dead' && facts.agentProcess === 'alive');
  const orphans = left && !waitsInPane(facts);
  if (!facts.isOwed && orphans) {
    return revive(case_, 'orphans', 'its host is gone, and processes of it are not', false);
  }
  const { awaiting } = facts;
  if (awaiting !== null && awaiting.news !== null) {
    return revive(case_, 'phase-reported', `its phase is ${awaiting.news} now, and no host has heard of it`, false);
  }
  if (!facts.isOwed && awaiting !== null) return quiet(case_, 'awaiting', waitsFor(awaiting));
  if (!facts.isOwed) {
    const over = facts.isStopped || isEnd(facts.state);
    if (facts.state === 'needs-person') return needsPerson(case_);
    return quiet(case_, over ? 'over' : 'nothing-owed', over ? `it is ${facts.state}` : 'nothing is owed');
  }
  switch (host.type) {
    case 'never':
      return revive(case_, 'never-started', 'no host was ever started for it', false);
    case 'left':
      return revive(case_, 'host-dead', 'its host left while something was owed', false);
    case 'dead':
      return host.rebooted
        ? revive(case_, 'rebooted', 'the machine was restarted', false)
        : revive(case_, 'host-dead', 'its host died', false);
  }
}

/** No host is started to wait for a person, but one to take the default of a question whose time is over. */
function needsPerson(case_: Case): Verdict {
  const expired = expiredDecision(case_);
  if (expired === undefined) return quiet(case_, 'waits-for-person', 'a person has to answer first');
  return revive(case_, 'decision-expired', `the time for an answer is over: ${expired.question}`, false);
}

/** An agent in a terminal needs no host while nothing is owed: the next one meets it there. */
const waitsInPane = (facts: SessionFacts): boolean =>
  facts.backend === 'tmux' && facts.agentProcess === 'alive' && !facts.isStopped && !isEnd(facts.state);

const isEnd = (state: SessionFacts['state']): boolean =>
  ['completed', 'delivered', 'reported', 'failed', 'cancelled', 'stopped'].includes(state);

/** A new host, unless it is not time yet, everybody is refused, or it has failed for too long. */
function revive(case_: Case, rule: Rule, why: string, endFirst: boolean): Verdict {
  const { facts, memory, settings, around } = case_;
  const { nowMs, asked } = around;
  const parked = facts.parkedUntilMs !== null && facts.parkedUntilMs > nowMs;
  const failingMs = parked ? memory.failingMs : failingUntil(memory, nowMs, settings);
  const counted: WatchMemory = { ...memory, failingMs, countedAtMs: nowMs, lookedAtMs: nowMs, rule };
  if (around.haltedAgents.has(facts.agent) && !asked) {
    const because = `${why}; ${facts.agent} refuses everybody until somebody logs in`;
    // Waiting for a login is waiting for a person.
    const memoryNow = { ...counted, failingMs: memory.failingMs, rule: 'login-halt' };
    return { rule: 'login-halt', because, actions: [], nextAtMs: null, memory: memoryNow };
  }
  if (failingMs >= settings.giveUpMs && !asked) return giveUp(case_, counted, why);
  // What kept it from working may have ended with the machine.
  const isNewBoot = memory.bootId !== null && memory.bootId !== around.bootId;
  if (!asked && !isNewBoot && !isDue(memory, nowMs, settings)) {
    return { rule, because: why, actions: [], nextAtMs: memory.nextTryAtMs, memory: counted };
  }
  const tried = isNewBoot ? 1 : memory.tried + 1;
  const nextTryAtMs = nowMs + pauseAfter(tried, settings);
  const tries = [...memory.tries, { atMs: nowMs, why, problem: null }];
  return {
    rule,
    because: why,
    actions: [{ type: 'start-host', endFirst: endFirst ? sensedHost(facts) : null, why }],
    nextAtMs: nextTryAtMs,
    memory: { ...counted, tried, nextTryAtMs, tries, gaveUp: false, bootId: around.bootId },
  };
}

function sensedHost({ host, turn }: SessionFacts): SensedHost | null {
  switch (host.type) {
    case 'silent':
    case 'deaf':
      return { process: host.process, stuckIn: null };
    case 'answers':
      return turn === null ? null : { process: host.process, stuckIn: turn.turnId };
    case 'never':
    case 'left':
    case 'dead':
      return null;
  }
}

function giveUp({ memory, settings, around }: Case, counted: WatchMemory, why: string): Verdict {
  const because = `${why}; given up after ${memory.tried} tries in ${formatDuration(counted.failingMs)}`;
  // Its end could not even be recorded (a full disk, say): that is tried again, at the slowest pace.
  const again = !memory.gaveUp || around.nowMs >= (memory.nextTryAtMs ?? 0);
  const nextTryAtMs = again ? around.nowMs + settings.giveUpMs : memory.nextTryAtMs;
  const told = memory.noted.includes('gave-up');
  return {
    rule: 'gave-up',
    because,
    actions: again ? [{ type: 'give-up' }] : [],
    nextAtMs: nextTryAtMs,
    memory: {
      ...counted,
      rule: 'gave-up',
      gaveUp: true,
      nextTryAtMs,
      noted: told ? memory.noted : [...memory.noted, 'gave-up'],
    },
  };
}

// --- memory ----------------------------------------------------------------------------------------------------------

/** Nothing to recover from: the count of tries begins anew. What people were told of a turn or a host stays told. */
function healthy({ memory, around }: Case, rule: Rule, because: string): Verdict {
  const noted = memory.noted.filter((key) => key.includes('/'));
  const fresh: WatchMemory = { ...noMemory, noted, lookedAtMs: around.nowMs, rule };
  return { rule, because, actions: [], nextAtMs: null, memory: fresh };
}

const quiet = healthy;

const seenBefore = ({ memory }: Case, key: string): boolean => memory.noted.includes(key);

const note = (verdict: Verdict, key: string): Verdict => ({
  ...verdict,
  memory: { ...verdict.memory, noted: [...verdict.memory.noted.filter((one) => one !== key), key] },
});

/** The result of a try, into the memory that was written before it. People are told once per row of failures. */
export function afterTry(
  memory: WatchMemory,
  problem: string | null,
): { readonly memory: WatchMemory; readonly tell: boolean } {
  const last = memory.tries.at(-1);
  if (problem === null || last === undefined) return { memory, tell: false };
  const tries = [...memory.tries.slice(0, -1), { ...last, problem }];
  // Once may be a machine under load.
  const tell = memory.tried >= 2 && !memory.noted.includes('unstartable');
  return { memory: { ...memory, tries, noted: tell ? [...memory.noted, 'unstartable'] : memory.noted }, tell };
}

const isoOf = (ms: number): string => new Date(ms).toISOString();
