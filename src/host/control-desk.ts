import { setImmediate } from 'node:timers/promises';
import { messageOf, refused, unreachable, usageError } from '../errors.ts';
import type { ControlHandler } from '../control/server.ts';
import {
  PROTOCOL_VERSION,
  type CancelReply,
  type ControlRequest,
  type PatrolReply,
  type PatrolRequest,
  type OpenReply,
  type PhaseReply,
  type Replies,
  type StepReply,
  type StopReply,
  type TellReply,
  type TellRequest,
} from '../control/protocol.ts';
import { answerText } from '../intake/prompt.ts';
import { deriveState } from '../session/derive-state.ts';
import { CRASH_DECISION } from '../session/crash.ts';
import { isOfTurn, type Decision } from '../session/decision.ts';
import { newPromptId } from '../session/ids.ts';
import type { Phase, TellMode } from '../session/words.ts';
import type { AgentSession } from '../backend/backend.ts';
import type { PromptEntry } from '../session/fold/prompts.ts';
import type { AgentSeat } from './agent-seat.ts';
import { reportPhase } from './await-phase.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';
import { dropAllAnd } from './end-task.ts';
import { answerKey, type DecisionDesk } from './decision-desk.ts';
import { oneLine } from '../text/sanitize.ts';
import { actOnAnswer } from './questions.ts';
import { dropOwed, hashOf, queuePrompt } from './prompt-book.ts';
import { unlessFull } from './unless-full.ts';
import { requireBegun, requireWorktree } from './worktree-gone.ts';

/** It wants to know something, or to be started again; more budget is not given in passing. */
const isAnsweredByWords = (decision: Decision): boolean => {
  const { kind, id } = decision;
  if (isOfTurn(decision)) return false;
  return kind === 'clarification' || kind === 'dialog' || kind === 'login' || id.startsWith(CRASH_DECISION);
};

/** What the spine does for the desk: it alone runs steps and leaves. */
export interface SpineControls {
  /** Ends what the spine is doing now (waiting for a slot, set-up, verification), not the turn. */
  interruptStep(): void;
  /** Starts the agent when the spine rests; resolves when it is ready. */
  openAgent(): Promise<OpenReply>;
  /** Runs a step when the spine rests. */
  runStep(step: 'verify' | 'pull-request'): Promise<StepReply>;
  /** Resolves when the session was stopped and its agent is gone. */
  left(): Promise<StopReply>;
}

const STEERED = {
  injected: 'injected',
  'started-turn': 'started-turn',
  unknown: 'unknown',
  'no-turn': 'declined',
  'not-supported': 'declined',
} as const;

/** Answers the command line. Everything acknowledged here is on stable storage first. */
export class ControlDesk implements ControlHandler {
  readonly #context: HostContext;
  readonly #seat: AgentSeat;
  readonly #decisions: DecisionDesk;
  readonly #bell: Bell;
  readonly #spine: SpineControls;
  readonly #version: string;
  #steering: Promise<unknown> = Promise.resolve();
  readonly #stopped = Promise.withResolvers<void>();

  constructor(parts: {
    context: HostContext;
    seat: AgentSeat;
    decisions: DecisionDesk;
    bell: Bell;
    spine: SpineControls;
    version: string;
  }) {
    this.#context = parts.context;
    this.#seat = parts.seat;
    this.#decisions = parts.decisions;
    this.#bell = parts.bell;
    this.#spine = parts.spine;
    this.#version = parts.version;
  }

  async handle<R extends Exclude<ControlRequest, { op: 'watch' }>>(request: R): Promise<Replies[R['op']]> {
    // A greeting asks whether somebody is there: a slow disk must not look like silence. It changes nothing, and must not
    // keep a host that has nothing to do.
    if (request.op === 'hello') return (await this.#dispatch(request)) as Replies[R['op']];
    try {
      // A caller may have read a record that is on disk but not yet folded.
      await this.#context.log.flushJournal();
      return (await this.#dispatch(request)) as Replies[R['op']];
    } finally {
      this.#bell.ring();
    }
  }

  watch(send: Parameters<ControlHandler['watch']>[0]): () => void {
    return this.#context.log.watch(send);
  }

  /** Resolves when no steer is under way: until then its prompt is neither owed nor done. A stop waits for none. */
  steered(): Promise<unknown> {
    return Promise.race([this.#steering, this.#stopped.promise]);
  }

  async #dispatch(request: Exclude<ControlRequest, { op: 'watch' }>): Promise<Replies[keyof Replies]> {
    switch (request.op) {
      case 'hello':
        return this.#hello();
      case 'tell':
        return (await this.#context.turnstile.pass(() => this.#tell(request)))();
      case 'cancel':
        return this.#cancel(request.scope, request.force === true);
      case 'stop':
        return this.#stop();
      case 'open':
        return this.#spine.openAgent();
      case 'resume':
        return this.#context.turnstile.pass(() => this.#resume());
      case 'answer':
        return this.#context.turnstile.pass(() => this.#answer(request.decisionId, request.answer));
      case 'step':
        return this.#spine.runStep(request.step);
      case 'patrol':
        return this.#patrol(request);
      case 'phase':
        return this.#context.turnstile.pass(() => this.#phase(request.phase, request.words));
      default:
        return unreachable(request, 'request');
    }
  }

  #hello(): Replies['hello'] {
    const { log, record } = this.#context;
    return {
      protocol: PROTOCOL_VERSION,
      version: this.#version,
      pid: process.pid,
      sessionId: record.id,
      state: deriveState(log.folded, record, true),
    };
  }

  async #patrol(request: PatrolRequest): Promise<PatrolReply> {
    const { log, redact, note } = this.#context;
    if (request.act === 'expire') {
      const done = await this.#decisions.expire(request.decisionId);
      if (!done) return { done };
    }
    await log.append({ type: 'milestone', text: oneLine(redact(`watchdog: ${request.text}`), 300), level: 'warn' });
    if (request.act === 'renew-agent') {
      this.#seat.close().catch((error: unknown) => note(`closing the agent: ${messageOf(error)}`));
    }
    return { done: true };
  }

  async #phase(phase: Phase, words: string): Promise<PhaseReply> {
    const { log, record } = this.#context;
    if (log.folded.awaiting.now === null) {
      const state = deriveState(log.folded, record, true);
      throw refused('not-awaiting', `${record.name} waits for neither a review nor CI: it is ${state}.`, {
        remedy: `Say it to its agent: conduxt tell ${record.name} "…"`,
        facts: { state },
      });
    }
    await reportPhase(this.#context, phase, words, 'person');
    return { phase };
  }

  /** @returns what answers the caller; nobody else waits for it. */
  async #tell(request: TellRequest): Promise<() => Promise<TellReply>> {
    const known = this.#context.log.folded.prompts.byKey.get(request.key);
    if (known !== undefined) {
      const reply = this.#duplicate(known, request.text);
      // The first try may have been refused after its prompt was safe.
      if (known.state === 'queued') await this.#answeredBy(known);
      return () => Promise.resolve(reply);
    }
    this.#refuseIfOver();
    const { mode } = request;
    if (mode !== 'steer') {
      const reply = await this.#queueAndAct(request, mode);
      return () => Promise.resolve(reply);
    }
    // The spine takes no next step until the fate of the steer is known: its prompt is owed and under way at once. Stop,
    // cancel, answers and other tells do not wait for an agent that thinks about it.
    const attempted = this.#queueAndAttempt(request);
    const steered = attempted.then((finish) => finish());
    this.#steering = Promise.allSettled([this.#steering, steered]);
    await attempted;
    return () => steered;
  }

  async #queueAndAct(request: TellRequest, mode: Exclude<TellMode, 'steer'>): Promise<TellReply> {
    const urgent = mode === 'interrupt' || mode === 'replace';
    const entry = await queuePrompt(this.#context, { ...request, kind: 'user', urgent });
    await this.#answeredBy(entry);
    switch (mode) {
      case 'queue':
        return this.#told('queued', entry);
      case 'replace':
        await dropOwed(this.#context, 'replaced', entry);
        await this.#interrupt();
        return this.#told('replaced', entry);
      case 'interrupt':
        await this.#interrupt();
        return this.#told('interrupted', entry);
      default:
        return unreachable(mode, 'tell mode');
    }
  }

  /** A person who tells the agent something has answered what it wanted to know, and wants it started again. */
  async #answeredBy(entry: PromptEntry): Promise<void> {
    const { log } = this.#context;
    for (const decision of [...log.folded.life.decisions.values()]) {
      if (!isAnsweredByWords(decision)) continue;
      const end = { type: 'answered', answer: `told in ${entry.id}`, by: 'person' } as const;
      await log.append({ type: 'decision-ended', decisionId: decision.id, end });
    }
  }

  async #queueAndAttempt(request: TellRequest): Promise<() => Promise<TellReply>> {
    const { log } = this.#context;
    const entry = await queuePrompt(this.#context, { ...request, kind: 'user', urgent: false });
    await this.#answeredBy(entry);
    const turn = log.folded.turns.open;
    const session = this.#seat.current;
    if (turn === null || session === null || !session.capabilities.steer) {
      const why = turn === null ? 'no turn is running' : 'this agent cannot be steered in the middle of a turn';
      const reply = { ...this.#told('queued', entry), note: why };
      return () => Promise.resolve(reply);
    }
    const { turnId } = turn;
    await log.append({ type: 'prompt-steered', promptId: entry.id, turnId, outcome: 'attempted' });
    return () => this.#steer(session, entry, turnId, request.text);
  }

  async #steer(session: AgentSession, entry: PromptEntry, turnId: string, text: string): Promise<TellReply> {
    const result = await session.steer(text);
    const outcome = STEERED[result];
    await this.#context.log.appendPatiently({ type: 'prompt-steered', promptId: entry.id, turnId, outcome });
    switch (result) {
      case 'injected':
        return this.#told('steered', entry);
      case 'started-turn':
        return this.#told('started-turn', entry);
      case 'unknown':
        return {
          ...this.#told('steered', entry),
          note: 'the agent did not say whether it took it; it is not sent again',
        };
      case 'no-turn':
      case 'not-supported':
        return { ...this.#told('queued', entry), note: 'the turn ended before the agent took it' };
    }
  }

  /** `cancel` ends the turn and the queue goes on; a task ends only when it is asked to. */
  async #cancel(scope: 'turn' | 'queued' | 'task', force: boolean): Promise<CancelReply> {
    const { log, record } = this.#context;
    if (scope === 'turn') {
      return { turn: await this.#cancelTurnAndWait(force), dropped: 0, task: 'unchanged' };
    }
    const { turnstile } = this.#context;
    if (scope === 'queued') {
      return {
        turn: 'none',
        dropped: await turnstile.pass(() => dropOwed(this.#context, 'cancelled')),
        task: 'unchanged',
      };
    }
    const open = record.task !== null && log.folded.life.ended === null;
    const end = { type: 'task-ended', end: 'cancelled', reason: 'cancelled by a person' } as const;
    let dropped: number;
    try {
      dropped = await turnstile.pass(() =>
        open ? dropAllAnd(this.#context, 'cancelled', end) : dropOwed(this.#context, 'cancelled'),
      );
    } catch (error) {
      // Not cancelled, for want of room; and yet nobody wants the agent to go on.
      this.#cancelTurn(force).catch(() => {});
      if (force) await this.#seat.end();
      throw error;
    }
    this.#spine.interruptStep();
    const turn = await this.#cancelTurnAndWait(force);
    // The task may have come to its own end at the same moment: the first counts.
    return { turn, dropped, task: open && log.folded.life.ended?.end === 'cancelled' ? 'cancelled' : 'unchanged' };
  }

  async #stop(): Promise<StopReply> {
    const { log } = this.#context;
    if (!log.folded.life.stopped) {
      try {
        await unlessFull(this.#context, this.#seat, 'end', this.#writeStop());
      } catch (error) {
        await this.#seat.end();
        throw error;
      }
    }
    this.#spine.interruptStep();
    const left = this.#cancelTurn().then(() => {
      this.#bell.ring();
      return this.#spine.left();
    });
    return unlessFull(this.#context, this.#seat, 'end', left);
  }

  /** Waits for room, as long as it takes; nothing is handed to the agent until it is written down. */
  async #writeStop(): Promise<void> {
    const { log, turnstile } = this.#context;
    const write = async (): Promise<void> => {
      if (log.folded.life.stopped) return;
      await dropAllAnd(this.#context, 'stopped', { type: 'session-stopped' });
    };
    const written = log.withRoom(() => turnstile.pass(write));
    this.#steering = Promise.allSettled([this.#steering, written]);
    await written;
    this.#stopped.resolve();
    this.#bell.ring();
  }

  async #resume(): Promise<Replies['resume']> {
    const { log, record } = this.#context;
    requireWorktree(record, log.folded);
    if (log.folded.life.stopped) {
      await log.append({ type: 'session-resumed' });
      await log.append({ type: 'milestone', level: 'info', text: 'taken up again after it was stopped' });
    }
    return { state: deriveState(log.folded, record, true), nativeSessionId: log.folded.life.agent.nativeId };
  }

  async #answer(decisionId: string, answer: string): Promise<Replies['answer']> {
    this.#refuseIfOver();
    const decision = this.#decisions.answerable(decisionId, answer);
    const key = answerKey(decisionId);
    // The prompt first: a decision that is closed without it would be an answer that reaches nobody.
    if (decision.kind === 'clarification' && !this.#context.log.folded.prompts.byKey.has(key)) {
      const text = answerText({ question: decision.question, answer });
      await queuePrompt(this.#context, { promptId: newPromptId(), key, text, kind: 'answer', urgent: false });
    }
    await this.#decisions.answer(decisionId, answer);
    await actOnAnswer(this.#context, decision, answer);
    return { decisionId, answer };
  }

  /** Ends the running turn; between turns, the set-up or verification that holds up the next one. Both can be repeated. */
  async #interrupt(): Promise<void> {
    if ((await this.#cancelTurn()) === null) this.#spine.interruptStep();
  }

  /** Tells the agent to end its turn. Does not wait for it. */
  async #cancelTurn(force = false): Promise<string | null> {
    const { log } = this.#context;
    const turn = log.folded.turns.open;
    if (turn === null) return null;
    // Its end comes behind it in the journal, however soon the agent answers; whoever judges that waits for this.
    const written = turn.cancelRequested
      ? Promise.resolve()
      : log.append({ type: 'cancel-requested', turnId: turn.turnId });
    written.catch(() => {});
    try {
      // A turn stands in the journal a moment before its agent has the prompt.
      await setImmediate();
      // Also when the disk is too full to write it down: the agent may be what fills it.
      if (log.folded.turns.open?.turnId === turn.turnId)
        this.#seat.current
          ?.cancel(force)
          .catch((error: unknown) => this.#context.note(`cancelling the turn: ${messageOf(error)}`));
      await written;
    } finally {
      // Of a turn whose agent is gone, the spine looks for evidence; that may wait for a slot.
      if (this.#seat.current === null) this.#spine.interruptStep();
    }
    return turn.turnId;
  }

  async #cancelTurnAndWait(force: boolean): Promise<CancelReply['turn']> {
    const { log } = this.#context;
    let stop = (): void => {};
    const ended = new Promise<void>((resolve) => {
      stop = log.onRecord((record) => {
        // One that the agent never had is no turn any more; asked for its end, it drops its prompt.
        if (record.type === 'turn-ended' || record.type === 'prompt-returned') resolve();
      });
    });
    const cancelled = this.#cancelTurn(force).then(async (turnId) => {
      if (turnId !== null && log.folded.turns.open?.turnId === turnId) await ended;
      return turnId === null ? 'none' : 'cancelled';
    });
    try {
      return await unlessFull(this.#context, this.#seat, force ? 'end' : 'ask', cancelled);
    } finally {
      stop();
    }
  }

  /** @throws `key-reused` (exit 2): answering `duplicate` would lose the other text. */
  #duplicate(entry: PromptEntry, text: string): TellReply {
    if (entry.sha256 !== hashOf(text)) {
      throw usageError('key-reused', `The key "${entry.key}" belongs to another text of this session.`, {
        remedy: 'Give every text a key of its own; nothing was added.',
        facts: { promptId: entry.id, state: entry.state },
      });
    }
    return { outcome: 'duplicate', promptId: entry.id, state: entry.state, ahead: this.#ahead(entry) };
  }

  #told(outcome: TellReply['outcome'], entry: PromptEntry): TellReply {
    return { outcome, promptId: entry.id, state: entry.state, ahead: this.#ahead(entry) };
  }

  #ahead(entry: PromptEntry): number {
    const { prompts, turns } = this.#context.log.folded;
    return Math.max(0, prompts.owed.indexOf(entry)) + (turns.open === null ? 0 : 1);
  }

  #refuseIfOver(): void {
    const { log, record } = this.#context;
    requireWorktree(record, log.folded);
    if (log.folded.life.stopped) {
      throw refused('session-stopped', `Session ${record.name} was stopped; it takes no more prompts.`, {
        remedy: `Take it up again with conduxt resume ${record.id}.`,
      });
    }
    requireBegun(record, log.folded);
  }
}
