import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { CancelReply, StopReply } from '../control/protocol.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';
import { dropAllAnd } from './end-task.ts';
import { dropOwed } from './prompt-book.ts';
import type { SpineControls } from './spine-controls.ts';
import { unlessFull } from './unless-full.ts';

/** Ends what somebody wants ended: a turn, what is queued, a task, the session. */
export class EndingDesk {
  readonly #context: HostContext;
  readonly #seat: AgentSeat;
  readonly #bell: Bell;
  readonly #spine: SpineControls;
  #writing: Promise<unknown> = Promise.resolve();
  readonly #stopped = Promise.withResolvers<void>();

  constructor(parts: { context: HostContext; seat: AgentSeat; bell: Bell; spine: SpineControls }) {
    this.#context = parts.context;
    this.#seat = parts.seat;
    this.#bell = parts.bell;
    this.#spine = parts.spine;
  }

  /** Settles when no stop waits to be written down. */
  get written(): Promise<unknown> {
    return this.#writing;
  }

  /** Resolves when a stop was written down by this host. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** `cancel` ends the turn and the queue goes on; a task ends only when it is asked to. */
  async cancel(scope: 'turn' | 'queued' | 'task', force: boolean): Promise<CancelReply> {
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

  async stop(): Promise<StopReply> {
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
    this.#writing = Promise.allSettled([this.#writing, written]);
    await written;
    this.#stopped.resolve();
    this.#bell.ring();
  }

  /** Ends the running turn; between turns, the set-up or verification that holds up the next one. Both can be repeated. */
  async interrupt(): Promise<void> {
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
}
