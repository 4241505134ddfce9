import { messageOf, refused, unreachable, usageError } from '../errors.ts';
import type { ControlHandler } from '../control/server.ts';
import {
  PROTOCOL_VERSION,
  type ControlRequest,
  type PatrolReply,
  type PatrolRequest,
  type PhaseReply,
  type Replies,
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
import { EndingDesk } from './ending-desk.ts';
import type { SpineControls } from './spine-controls.ts';
import { answerKey, type DecisionDesk } from './decision-desk.ts';
import { oneLine } from '../text/sanitize.ts';
import { actOnAnswer } from './questions.ts';
import { dropOwed, hashOf, queuePrompt } from './prompt-book.ts';
import { requireBegun, requireWorktree } from './worktree-gone.ts';

/** It wants to know something, or to be started again; more budget is not given in passing. */
const isAnsweredByWords = (decision: Decision): boolean => {
  const { kind, id } = decision;
  if (isOfTurn(decision)) return false;
  return kind === 'clarification' || kind === 'dialog' || kind === 'login' || id.startsWith(CRASH_DECISION);
};

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
  readonly #ending: EndingDesk;
  readonly #version: string;
  #steering: Promise<unknown> = Promise.resolve();

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
    this.#ending = new EndingDesk(parts);
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
    return Promise.race([Promise.all([this.#steering, this.#ending.written]), this.#ending.stopped]);
  }

  async #dispatch(request: Exclude<ControlRequest, { op: 'watch' }>): Promise<Replies[keyof Replies]> {
    switch (request.op) {
      case 'hello':
        return this.#hello();
      case 'tell':
        return (await this.#context.turnstile.pass(() => this.#tell(request)))();
      case 'cancel':
        return this.#ending.cancel(request.scope, request.force === true);
      case 'stop':
        return this.#ending.stop();
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
        await this.#ending.interrupt();
        return this.#told('replaced', entry);
      case 'interrupt':
        await this.#ending.interrupt();
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
