import { applyRecord, emptySession, foldSession, type FoldedSession } from '../../src/session/fold/session-fold.ts';
import type { NextAction } from '../../src/route/action.ts';
import { MAX_RECOVERIES, nextAction } from '../../src/route/next-action.ts';
import { routeReceipt } from '../../src/route/route-receipt.ts';
import type { Question } from '../../src/route/questions.ts';
import { onCrashWords, phases } from '../../src/session/words.ts';
import { routeSessionTurn, routeTurn } from '../../src/route/route-turn.ts';
import { deriveState, isOwed } from '../../src/session/derive-state.ts';
import type { CallbackResult } from '../../src/session/callback.ts';
import type { JournalRecord, SessionEvent } from '../../src/session/events.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { plainRecord, sessionRecord } from '../session/samples.ts';
import { receipt } from '../views/samples.ts';

/** Mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A journal whose `written` and `synced` parts differ: a crash of the machine keeps the latter and any part between. */
class Disk {
  synced: JournalRecord[] = [];
  written: JournalRecord[] = [];

  crash(random: () => number): void {
    const kept = Math.floor(random() * (this.written.length + 1));
    this.synced = [...this.synced, ...this.written.slice(0, kept)];
    this.written = [];
  }
}

/** Thrown at the moment in which everything stops. */
class Crash extends Error {}

/** What happened outside of the journal: nothing of it can be taken back by a crash. */
export interface History {
  /** Prompts that a person was told are safe, in the order of the answers. */
  readonly acknowledged: string[];
  /** Each prompt as often as the agent saw it. */
  readonly seen: string[];
  /** Facts as often as people were told of them. */
  readonly told: string[];
  readonly pushes: number[];
  crashes: number;
  /** Virtual milliseconds. */
  nowMs: number;
}

export interface Simulated {
  readonly history: History;
  readonly folded: FoldedSession;
  readonly journal: readonly JournalRecord[];
  readonly record: SessionRecord;
  /** Violations, as sentences. */
  readonly wrong: string[];
}

const MAX_STEPS = 600;

/**
 * One session with a host that does what the real one does (the same fold, the same `nextAction`, the same routing),
 * an agent with moods, a person who tells, cancels and answers, and a machine that may stop between any two steps.
 */
export function simulate(seed: number): Simulated {
  const random = randomOf(seed);
  const chance = (probability: number): boolean => random() < probability;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const record = { ...(chance(0.7) ? sessionRecord() : plainRecord()), onCrash: pick(onCrashWords) };
  const crashRate = pick([0, 0.02, 0.08, 0.2]);
  const disk = new Disk();
  const history: History = { acknowledged: [], seen: [], told: [], pushes: [], crashes: 0, nowMs: 1_700_000_000_000 };
  const wrong: string[] = [];
  let folded = emptySession();
  let epoch = 0;
  let seq = 0;
  let counter = 0;
  let troubles = 0;

  const mayCrash = (): void => {
    if (troubles < 40 && chance(crashRate)) {
      troubles += 1;
      throw new Crash();
    }
  };
  /** Written, then synced, then folded: a crash may come before each of them. */
  const append = (event: SessionEvent): JournalRecord => {
    mayCrash();
    seq += 1;
    const written: JournalRecord = { seq, epoch, at: new Date(history.nowMs).toISOString(), ...event };
    disk.written.push(written);
    mayCrash();
    disk.synced.push(...disk.written);
    disk.written = [];
    mayCrash();
    applyRecord(folded, written);
    return written;
  };
  const boot = (): void => {
    folded = foldSession(disk.synced);
    epoch = folded.epoch + 1;
    seq = folded.seq;
    append({ type: 'host-started', process: { pid: 1, startTime: String(epoch), bootId: 'b' }, version: '0' });
    if (record.firstPrompt !== null && !folded.prompts.byKey.has('first')) {
      append({ type: 'prompt-queued', key: 'first', ...record.firstPrompt });
    }
    for (const entry of [...folded.prompts.byId.values()]) {
      if (entry.state !== 'handed' || folded.turns.open?.promptId === entry.id || entry.turnId === null) continue;
      append({ type: 'prompt-steered', promptId: entry.id, turnId: entry.turnId, outcome: 'unknown' });
    }
    for (const { id, kind } of [...folded.life.decisions.values()]) {
      if (kind === 'permission') append({ type: 'decision-ended', decisionId: id, end: { type: 'withdrawn' } });
    }
  };
  const queue = (
    key: string,
    kind: 'user' | 'fix' | 'reminder' | 'recovery' | 'resume' | 'answer',
    urgent = false,
  ): string => {
    const promptId = `p-${(counter += 1)}`;
    append({ type: 'prompt-queued', promptId, key, kind, bytes: 1, sha256: '0', ...(urgent ? { urgent } : {}) });
    return folded.prompts.byKey.get(key)?.id ?? promptId;
  };

  const callbackOf = (): CallbackResult => {
    const mood = random();
    if (mood < 0.2) return { type: 'missing' };
    if (mood < 0.25) return { type: 'malformed', problem: 'no JSON' };
    const status = mood < 0.8 ? 'completed' : mood < 0.9 ? 'need_clarification' : 'failed';
    const waits =
      status === 'completed' && chance(0.15) ? { phase: pick(['awaiting_review', 'awaiting_ci'] as const) } : {};
    return { type: 'valid', callback: { task_id: 't', nonce: 'n', status, summary: 's', ...waits } };
  };

  const endTask = (end: 'failed' | 'completed' | 'delivered' | 'reported' | 'cancelled', reason: string): void => {
    for (const owed of [...folded.prompts.owed]) {
      append({ type: 'prompt-dropped', promptId: owed.id, reason: 'task-ended' });
    }
    append({ type: 'task-ended', end, reason });
  };

  const perform = (action: Exclude<NextAction, { type: 'leave' | 'rest' }>): void => {
    switch (action.type) {
      case 'settle-interrupted':
        append({
          ...{ type: 'turn-ended', turnId: action.turn.turnId, promptId: action.turn.promptId, stopReason: null },
          ...{ verdict: action.turn.cancelRequested ? 'cancelled' : 'unknown', failure: 'host-lost', toolCalls: 0 },
          ...{ callback: { type: 'missing' }, lastMessage: '' },
        });
        return;
      case 'notify':
        history.told.push(action.about);
        append({ type: 'notified', about: action.about, problems: [] });
        return;
      case 'prepare-worktree':
        append({ type: 'worktree-ready', path: '/w', branch: 'b', baseCommit: 'c', created: true });
        return;
      case 'set-up-worktree': {
        const ok = !chance(0.03);
        append({ type: 'setup-finished', ok, command: 'x', exitCode: ok ? 0 : 1, excerpt: '', durationMs: 1 });
        return;
      }
      case 'hand':
        return hand(action.promptId);
      case 'route':
        append({
          type: 'turn-routed',
          turnId: action.turn.turnId,
          decision: (record.task === null ? routeSessionTurn : routeTurn)(action.turn, {
            fixRoundsLeft: 3 - folded.life.fixRoundsUsed,
            remindersLeft: 2 - folded.life.remindersUsed,
            recoveriesLeft:
              MAX_RECOVERIES - (record.task === null ? folded.life.recoveriesInARow : folded.life.recoveriesUsed),
            reminderPauseMs: 20_000,
            promptOwed: folded.prompts.owed.length > 0,
            waits: folded.life.waits,
            nowMs: history.nowMs,
            onCrash: record.onCrash,
          }),
        });
        return;
      case 'park':
        append({
          type: 'task-parked',
          until: 'until' in action ? action.until : new Date(history.nowMs + action.forMs).toISOString(),
          reason: action.reason,
        });
        return;
      case 'queue-own':
        if (action.notBefore !== undefined) history.nowMs = Math.max(history.nowMs, Date.parse(action.notBefore));
        queue(action.key, action.kind, action.kind === 'recovery' || action.kind === 'resume');
        return;
      case 'open-decision':
        return open(action.question);
      case 'plan':
        append({ type: 'steps-planned', planId: action.planId, steps: action.steps });
        return;
      case 'step':
        return step(action.planId, action.step);
      case 'await':
        append({ type: 'task-awaiting', phase: action.phase });
        return;
      case 'end':
        return endTask(action.end, action.reason);
    }
  };
  const open = (question: Question): void => {
    const decision = { ...question, facts: {}, deadline: '2030-01-01T00:00:00.000Z' };
    append({ type: 'decision-opened', decision });
  };
  const hand = (promptId: string): void => {
    if (record.task !== null && chance(0.03)) return endTask('failed', 'the agent cannot be started');
    const turnId = `t-${(counter += 1)}-${epoch}`;
    append({ type: 'prompt-handed', promptId, turnId, nonce: 'n' });
    // From here on the agent has it, whatever becomes of us.
    history.seen.push(promptId);
    mayCrash();
    append({ type: 'prompt-accepted', promptId });
    let cancelled = false;
    if (chance(0.3)) tell();
    if (chance(0.1) && folded.turns.open !== null) {
      append({ type: 'cancel-requested', turnId });
      cancelled = true;
    }
    history.nowMs += Math.floor(random() * 3_600_000);
    const failed = !cancelled && chance(0.1);
    append({
      ...{ type: 'turn-ended', turnId, promptId, stopReason: 'end_turn', lastMessage: '', toolCalls: 1 },
      verdict: cancelled ? 'cancelled' : failed ? 'failed' : 'done',
      ...(failed
        ? { failure: pick(['agent-exited', 'agent-error', 'empty-turn', 'auth-required', 'quota'] as const) }
        : {}),
      callback: cancelled || failed ? { type: 'missing' } : callbackOf(),
    });
  };
  const step = (planId: string, name: 'verify' | 'push' | 'pull-request'): void => {
    append({ type: 'step-started', planId, step: name });
    if (name === 'verify') {
      const green = chance(0.6);
      const judged = receipt(green ? {} : { verdict: { type: 'red', excerpt: '1 failed' } });
      const budget = { fixRoundsLeft: 3 - folded.life.fixRoundsUsed };
      const decision = routeReceipt(judged, 'fix', budget, 0);
      append({ type: 'verification-finished', planId, receipt: judged, decision });
      append({ type: 'step-finished', planId, step: name, outcome: { type: 'ok' } });
      return;
    }
    if (name === 'push') history.pushes.push(history.nowMs);
    const outcome =
      name === 'push'
        ? ({ type: 'pushed', remote: 'origin', commit: 'c' } as const)
        : ({ type: 'pull-request', url: 'u', number: 1, created: true, conflicts: {} } as const);
    append({ type: 'step-finished', planId, step: name, outcome });
  };
  /** A person's `tell`, tried again with the same key until it is answered, as the command line does. */
  let pending: string | null = null;
  const tell = (): void => {
    if (folded.life.stopped) return;
    const key = pending ?? `told-${(counter += 1)}`;
    pending = key;
    const known = folded.prompts.byKey.get(key);
    const promptId = known?.id ?? queue(key, 'user', chance(0.1));
    if (known === undefined) {
      for (const { id, kind } of [...folded.life.decisions.values()]) {
        if (kind === 'clarification' || kind === 'login' || id.startsWith('crash-'))
          append({ type: 'decision-ended', decisionId: id, end: { type: 'answered', answer: 'told', by: 'person' } });
      }
    }
    history.acknowledged.push(promptId);
    pending = null;
  };
  const personActs = (): void => {
    const act = random();
    const [decision] = folded.life.decisions.values();
    if (folded.awaiting.now !== null && chance(0.6)) {
      append({ type: 'phase-reported', phase: pick(phases), words: '', by: 'person' });
      return;
    }
    if (act < 0.4 && decision !== undefined) {
      if (decision.kind === 'clarification') queue(`answer/${decision.id}`, 'answer');
      const answer = decision.choices.length === 0 ? 'yes' : pick(decision.choices);
      const isLate = chance(0.2);
      const end = isLate
        ? ({ type: 'expired', answer: decision.fallback ?? answer } as const)
        : ({ type: 'answered', answer, by: 'person' } as const);
      append({ type: 'decision-ended', decisionId: decision.id, end });
    } else if (act < 0.8) tell();
    else if (act < 0.84) endTaskByPerson();
    else if (act < 0.86) append({ type: 'session-stopped' });
    else if (act < 0.92) {
      for (const owed of [...folded.prompts.owed]) {
        append({ type: 'prompt-dropped', promptId: owed.id, reason: 'cancelled' });
      }
    }
  };
  const endTaskByPerson = (): void => {
    if (record.task !== null && folded.life.ended === null) endTask('cancelled', 'by a person');
  };

  let steps = 0;
  let persons = 0;
  const maxPersons = Math.floor(random() * 12);
  for (let up = false; steps < MAX_STEPS; steps += 1) {
    try {
      if (!up) boot();
      up = true;
      if (persons < maxPersons && chance(0.15)) {
        persons += 1;
        personActs();
      }
      const action = nextAction(folded, record);
      if (action.type === 'leave') break;
      if (action.type !== 'rest') {
        perform(action);
        continue;
      }
      if (persons >= maxPersons && pending === null) break;
      persons += 1;
      if (pending === null) personActs();
      else tell();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      disk.crash(random);
      history.crashes += 1;
      up = false;
      history.nowMs += Math.floor(random() * 600_000);
    }
  }
  const after = foldSession(disk.synced);
  if (steps >= MAX_STEPS) wrong.push(`it did not come to rest: the next action is ${nextAction(after, record).type}`);
  check(after, disk.synced, record, history, wrong);
  return { history, folded: after, journal: disk.synced, record, wrong };
}

/** The promises, over everything that was acknowledged and everything the agent saw. */
function check(
  folded: FoldedSession,
  journal: readonly JournalRecord[],
  record: SessionRecord,
  history: History,
  wrong: string[],
): void {
  for (const id of history.acknowledged) {
    const entry = folded.prompts.byId.get(id);
    if (entry === undefined) wrong.push(`${id} was acknowledged and is lost`);
    else if (entry.state === 'accepted' || (entry.state === 'handed' && folded.turns.open === null)) {
      wrong.push(`${id} has no end: ${entry.state}`);
    }
  }
  const twice = history.seen.filter((id, index) => history.seen.indexOf(id) !== index);
  if (twice.length > 0) wrong.push(`the agent saw ${twice.join(', ')} twice`);
  for (const id of history.seen) {
    const state = folded.prompts.byId.get(id)?.state;
    if (state === undefined || state === 'queued' || state === 'dropped') wrong.push(`the agent saw ${id}: ${state}`);
  }
  // Urgent ones overtake; all others are handed in the order in which they were queued.
  const order = journal.flatMap((one) => (one.type === 'prompt-handed' ? [folded.prompts.byId.get(one.promptId)] : []));
  const patient = order.filter((entry) => entry !== undefined && !entry.urgent).map((entry) => entry?.queuedSeq ?? 0);
  if (patient.some((seq, index) => seq < (patient[index - 1] ?? 0))) wrong.push('prompts were handed out of order');
  const seqs = journal.map(({ seq }) => seq);
  if (seqs.some((seq, index) => seq <= (seqs[index - 1] ?? 0))) wrong.push('a sequence number was used twice');
  if (!folded.life.stopped) {
    const state = deriveState(folded, record, false);
    if (state === 'crashed') wrong.push('it rests, and is owed something');
    if (state !== 'needs-person' && isOwed(folded, record)) wrong.push(`it rests as ${state}, and is owed something`);
  }
  const { ended } = folded.life;
  const green = journal.some((one) => one.type === 'verification-finished' && one.receipt.verdict.type === 'green');
  if (ended?.end === 'completed' && !green) wrong.push('it completed, and nobody saw its tests pass');
  const told = history.told.filter((about, index) => history.told.indexOf(about) !== index);
  if (told.length > history.crashes)
    wrong.push(`people were told more often than a crash explains: ${told.join(', ')}`);
}
