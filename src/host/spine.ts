import { isoTime } from '../clock.ts';
import { ConduxtError, isDiskFull, isExhausted, messageOf, unreachable } from '../errors.ts';
import type { OpenReply, StepReply, StopReply } from '../control/protocol.ts';
import type { HostStopped } from '../session/events.ts';
import type { OpenTurn } from '../session/fold/turns.ts';
import { newPromptId } from '../session/ids.ts';
import type { NextAction } from '../route/action.ts';
import { nextAction } from '../route/next-action.ts';
import { formatDuration } from '../views/quantities.ts';
import type { AgentSeat } from './agent-seat.ts';
import { hearPhase, ringOnPhase } from './await-phase.ts';
import type { Bell } from './bell.ts';
import { isConfigChanged } from '../git/config-guard.ts';
import type { HostContext } from './context.ts';
import { FailedStarts } from './failed-starts.ts';
import type { FallBack } from './fall-back.ts';
import type { ControlDesk } from './control-desk.ts';
import { awaitDependencies } from './dependencies.ts';
import { endTask } from './end-task.ts';
import { tryInspectGitConfig } from './git-config.ts';
import { endDecision, expireQuestions, nextDeadlineMs, openQuestion } from './questions.ts';
import { askHistory, type History } from './ask-history.ts';
import { followTurn, handPrompt } from './hand-prompt.ts';
import { ownPromptText } from './own-prompts.ts';
import { prepareTaskWorktree, setUpTaskWorktree } from './prepare.ts';
import { queuePrompt } from './prompt-book.ts';
import { runStep } from './deliver.ts';
import { Openings } from './openings.ts';
import { ManualSteps, type ManualStep } from './manual-steps.ts';
import { routeLastTurn } from './route-last-turn.ts';
import { preferSmallHeap } from './small-heap.ts';
import { settleTurn, transcribed } from './settle-turn.ts';
import { dialogAtStart } from './start-dialog.ts';
import type { SlotHolder } from './slot-holder.ts';
import { Tellings } from './tellings.ts';
import type { TurnLock } from './turn-lock.ts';
import { worktreeIsGone } from './worktree-gone.ts';

const STOPPED_LINGER_MS = 1000;
/** Between two looks at an agent that asked something when it was started. */
const DIALOG_LOOK_MS = 2_000;
/** A step that fails for a reason of its own is tried this often. */
const STEP_TRIES = 2;
const MISHAP_PAUSE_MS = 1000;

/** Nothing can be promised any more, in this process. */
const isJournals = (error: unknown): boolean => error instanceof ConduxtError && error.code.startsWith('journal-');

/**
 * The life of one session, top to bottom: look at the journal, do the next thing, until there is nothing to do for
 * `hostIdleMs`, the session is stopped, or the host is told to go.
 */
export class Spine {
  readonly #context: HostContext;
  readonly #seat: AgentSeat;
  readonly #fallBack: FallBack;
  readonly #bell: Bell;
  readonly #slot: SlotHolder;
  readonly #lock: TurnLock;
  #desk: ControlDesk | null = null;
  #step = new AbortController();
  #leaving: HostStopped['reason'] | null = null;
  readonly #manual: ManualSteps;
  readonly #openings: Openings;
  readonly #farewells: ((reply: StopReply) => void)[] = [];
  /** What everybody hears who asks once the agent is gone. */
  #farewell: StopReply | null = null;
  readonly #tellings: Tellings;
  readonly #failedStarts: FailedStarts;
  #mishaps = 0;

  constructor(parts: {
    context: HostContext;
    seat: AgentSeat;
    bell: Bell;
    slot: SlotHolder;
    lock: TurnLock;
    fallBack: FallBack;
  }) {
    this.#context = parts.context;
    this.#seat = parts.seat;
    this.#fallBack = parts.fallBack;
    this.#failedStarts = new FailedStarts(parts.context, parts.fallBack);
    this.#bell = parts.bell;
    this.#slot = parts.slot;
    this.#lock = parts.lock;
    this.#manual = new ManualSteps(parts.context, parts.bell);
    this.#openings = new Openings(parts.context, parts.seat, parts.bell);
    this.#tellings = new Tellings(parts.context);
  }

  /** The desk asks the spine for steps and farewells, and the spine asks the desk whether a steer is under way. */
  attach(desk: ControlDesk): void {
    this.#desk = desk;
  }

  interruptStep(): void {
    this.#step.abort();
    this.#step = new AbortController();
  }

  openAgent(): Promise<OpenReply> {
    return this.#openings.ask();
  }

  runStep(step: ManualStep): Promise<StepReply> {
    return this.#manual.ask(step);
  }

  left(): Promise<StopReply> {
    if (this.#farewell !== null) return Promise.resolve(this.#farewell);
    return new Promise((resolve) => this.#farewells.push(resolve));
  }

  /**
   * Leaves at the next opportunity (SIGTERM: the machine goes down). An agent that lives in a terminal goes on there and
   * is met again by the next host; any other is ended in the middle of its turn, which
   * stays open, for nobody asked for its end: the next host settles it by what the agent remembers.
   */
  leave(reason: HostStopped['reason']): void {
    this.#leaving ??= reason;
    this.interruptStep();
    this.#seat.leave().catch((error: unknown) => this.#context.note(`leaving the agent: ${messageOf(error)}`));
    this.#bell.ring();
  }

  /** @returns why it ended; the agent and everything it started are gone. */
  async live(): Promise<HostStopped['reason']> {
    const { log, record, clock } = this.#context;
    if (this.#leaving === 'idle') this.#leaving = null;
    for (;;) {
      // Whoever asks would be told so for ever; the next host reads again what is there.
      if (log.broken !== null) throw log.broken;
      if (this.#leaving !== null) break;
      await this.#desk?.steered();
      await expireQuestions(this.#context);
      const action = nextAction(this.#tellings.asIfTold(), record);
      // Never in the middle of a plan: what it verified is what it pushes.
      const mayBeByHand = action.type === 'rest' || action.type === 'leave';
      if (mayBeByHand && (await this.#manual.runNext(this.#step.signal))) continue;
      if (action.type === 'rest' && (await this.#openings.runNext())) continue;
      if (action.type === 'leave') {
        // Whoever started a host for a stopped session has a question; it is answered before the host goes.
        if (this.#farewells.length > 0 || !(await this.#bell.wait(clock, STOPPED_LINGER_MS))) this.#leaving = 'stopped';
        continue;
      }
      if (action.type === 'rest') {
        await this.#slot.release();
        await preferSmallHeap();
        // A question's time may be over first; the watchdog closes those whose host has left.
        const { hostIdleMs } = record.limits;
        const untilMs = Math.min(hostIdleMs, nextDeadlineMs(this.#context));
        const stopWatching = ringOnPhase(this.#context, this.#bell);
        const isQuiet = !(await hearPhase(this.#context)) && !(await this.#rest(untilMs));
        stopWatching();
        if (isQuiet && untilMs === hostIdleMs) this.#leaving = 'idle';
        continue;
      }
      await this.#performOrGiveUp(action, this.#step.signal).then(
        () => (this.#mishaps = 0),
        (error: unknown) => this.#mishap(action, error),
      );
    }
    // A conversation in a terminal waits there for the next word; a task that is over needs it no more.
    const isOver = this.#leaving === 'stopped' || log.folded.life.ended !== null;
    const left = isOver ? await this.#seat.close() : await this.#seat.leave();
    await this.#slot.release();
    this.#manual.refuse();
    this.#openings.refuse();
    if (this.#leaving === 'stopped') this.#farewell = { stopped: true, left };
    for (const farewell of this.#farewells) farewell({ stopped: true, left });
    // A machine that goes down does not wait; the next host tells again.
    if (this.#leaving !== 'signal') await this.#tellings.settled();
    return this.#leaving ?? 'idle';
  }

  /**
   * What was to be done could not be done: git is broken in the worktree, say. Tried once more, then the task fails with
   * the reason; a host that died of it would die of it again and again. Without its journal it can only go.
   */
  async #mishap(action: NextAction, error: unknown): Promise<void> {
    const { record, note, clock } = this.#context;
    // Not a mishap but a question: the change is a decision, and the step waits for its answer.
    if (isConfigChanged(error)) return tryInspectGitConfig(this.#context);
    // It passes, or it does not: giving up would need more files, and more room, than waiting.
    if (isExhausted(error) || isDiskFull(error)) {
      note(`${action.type} waits: ${messageOf(error)}`);
      await this.#bell.wait(clock, MISHAP_PAUSE_MS);
      return;
    }
    if (isJournals(error) || record.task === null || action.type === 'end' || action.type === 'notify') throw error;
    note(`${action.type}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#mishaps += 1;
    if (this.#mishaps < STEP_TRIES) {
      await this.#bell.wait(clock, MISHAP_PAUSE_MS);
      return;
    }
    this.#mishaps = 0;
    const what = action.type === 'step' ? action.step : action.type;
    await endTask(this.#context, { end: 'failed', reason: `${what} could not be done: ${messageOf(error)}` });
  }

  /** Nobody can work where the worktree was: a further turn would be paid for nothing. */
  async #performOrGiveUp(action: Exclude<NextAction, { type: 'leave' | 'rest' }>, signal: AbortSignal): Promise<void> {
    const { record, log } = this.#context;
    const told = action.type === 'notify' || action.type === 'end' || action.type === 'settle-interrupted';
    if (told || !worktreeIsGone(record, log.folded)) return this.#perform(action, signal);
    const reason = `its worktree ${record.cwd} was removed; begin again with conduxt retry ${record.name}`;
    await endTask(this.#context, { end: 'failed', reason });
  }

  async #perform(action: Exclude<NextAction, { type: 'leave' | 'rest' }>, signal: AbortSignal): Promise<void> {
    const { log } = this.#context;
    switch (action.type) {
      case 'settle-interrupted':
        return this.#settle(action.turn, signal);
      case 'notify':
        return this.#tellings.begin(action.about);
      case 'prepare-worktree':
        if (!(await awaitDependencies(this.#context, this.#bell, signal))) return;
        if (await this.#slot.take(signal)) await prepareTaskWorktree(this.#context);
        return;
      case 'set-up-worktree':
        if (await this.#slot.take(signal)) await setUpTaskWorktree(this.#context, signal);
        return;
      case 'hand':
        if (await this.#slot.take(signal)) await this.#hand(action.promptId, signal);
        return;
      case 'route':
        return routeLastTurn(this.#context, action.turn);
      case 'park': {
        const until = 'until' in action ? action.until : isoTime(this.#context.clock.now() + action.forMs);
        await log.appendPatiently({ type: 'task-parked', until, reason: action.reason });
        return;
      }
      case 'queue-own': {
        if (action.notBefore !== undefined && !(await this.#waitUntil(action.notBefore))) return;
        const text = ownPromptText(this.#context, action);
        // What was interrupted comes before what was told since.
        const urgent = action.kind === 'recovery' || action.kind === 'resume';
        const prompt = { promptId: newPromptId(), key: action.key, text, kind: action.kind, urgent };
        await log.withRoom(() => queuePrompt(this.#context, prompt));
        return;
      }
      case 'open-decision': {
        const { id, kind, question, choices, fallback } = action.question;
        await openQuestion(this.#context, { id, kind, question, choices, fallback, facts: {} });
        return;
      }
      case 'plan':
        await log.appendPatiently({ type: 'steps-planned', planId: action.planId, steps: action.steps });
        return;
      case 'step':
        if (await this.#slot.take(signal)) await runStep(this.#context, action.planId, action.step, signal);
        return;
      case 'await':
        await log.appendPatiently({ type: 'task-awaiting', phase: action.phase });
        return;
      case 'end':
        return endTask(this.#context, action);
      default:
        return unreachable(action, 'action');
    }
  }

  /** True when something happened: somebody rang, or what the agent asked when it was started was answered there. */
  async #rest(untilMs: number): Promise<boolean> {
    const { log, clock } = this.#context;
    const end = clock.monotonic() + untilMs;
    for (;;) {
      const leftMs = Math.max(0, end - clock.monotonic());
      const dialog = dialogAtStart(log.folded);
      if (dialog === null || leftMs === 0) return this.#bell.wait(clock, leftMs);
      if (await this.#seat.listens()) {
        await endDecision(this.#context, dialog.id, { type: 'withdrawn' });
        return true;
      }
      if (await this.#bell.wait(clock, Math.min(leftMs, DIALOG_LOOK_MS))) return true;
    }
  }

  /** Waits without a slot. False when somebody rang: the next action may be another one now. */
  async #waitUntil(time: string): Promise<boolean> {
    const { clock } = this.#context;
    await this.#slot.release();
    return !(await this.#bell.wait(clock, Math.max(0, Date.parse(time) - clock.now())));
  }

  async #hand(promptId: string, signal: AbortSignal): Promise<void> {
    await this.#fallBack.beforePrompt();
    try {
      // Before the agent is started: that is when it looks at its login.
      if (!(await this.#lock.take(signal))) return;
      await handPrompt(this.#context, this.#seat, promptId, signal);
      this.#failedStarts.forget();
    } catch (error) {
      if (!(error instanceof ConduxtError) || isDiskFull(error) || isJournals(error)) throw error;
      await this.#failedStarts.add(error);
    } finally {
      await this.#lock.release();
    }
  }

  /** A turn of an earlier host has no end. An agent that outlived its host is followed to it; otherwise evidence decides. */
  async #settle(turn: OpenTurn, signal: AbortSignal): Promise<void> {
    const lock = this.#lock.takeMeanwhile();
    try {
      if (await followTurn(this.#context, this.#seat, turn, signal)) return;
    } finally {
      await lock.release();
    }
    const seen = transcribed(this.#context, turn);
    const recall = (): Promise<History | null> => this.#recall(turn, signal);
    await settleTurn(this.#context, turn, recall, { seen, lost: { failure: 'host-lost' }, signal });
  }

  /** Whoever is to tell its history is started for it: in the session's place, and under the agents' lock. */
  async #recall(turn: OpenTurn, signal: AbortSignal): Promise<History | null> {
    const { log, record, note } = this.#context;
    const { life } = log.folded;
    if (life.stopped || life.ended !== null || worktreeIsGone(record, log.folded)) return null;
    try {
      if (!(await this.#slot.take(signal)) || !(await this.#lock.take(signal))) return null;
      return await askHistory(this.#context, this.#seat, turn, signal);
    } catch (error) {
      if (!(error instanceof ConduxtError)) throw error;
      note(`the agent's history could not be read (${error.code}): ${error.message}`);
      return null;
    } finally {
      await this.#lock.release();
    }
  }
}

/** The task's wall clock ran out (`run --timeout`): the turn is cancelled, nothing more is handed, the task fails. */
export async function endForTimeout(context: HostContext, spine: Spine, seat: AgentSeat): Promise<void> {
  const { log, record, note } = context;
  if (log.folded.life.ended !== null || log.folded.life.stopped) return;
  try {
    const limit = formatDuration(record.limits.taskTimeoutMs ?? 0);
    await endTask(context, { end: 'failed', reason: `not finished within ${limit}`, code: 'timed-out' });
  } catch (error) {
    note(`timeout could not be recorded: ${messageOf(error)}`);
  }
  spine.interruptStep();
  await seat.current?.cancel();
}
