import type { Clock } from '../../clock.ts';
import type { Usage } from '../../session/events.ts';
import type { AgentNews } from '../../session/agent-news.ts';
import type { BackendNotice, TurnEnd } from '../backend.ts';
import type { Answer } from './connection.ts';
import { MessageLog } from './message-log.ts';
import { judge, type Intent } from './verdict.ts';
import { isSignOfLife, usageOfAnswer } from './view.ts';

/** Tool calls told apart; beyond that they are only looked at, not counted. */
const MAX_TOOL_CALLS = 10_000;

export interface TurnLimits {
  readonly firstSignTimeoutMs: number;
  readonly turnTimeoutMs: number;
  readonly silenceWarnMs: number;
}

export interface TurnEvents {
  /** A limit is over: the turn is to be ended. Called at most once per limit, never after `settle`. */
  expired(intent: 'no-first-sign' | 'turn-timeout'): void;
  notice(notice: BackendNotice): void;
  /** Whether the agent waits for an answer of ours; its silence is no news then. */
  isWaitingForUs(): boolean;
}

/**
 * One prompt from hand-over to its end: what was seen, what we intend, and the clocks.
 *
 *     waiting --sent()--> sent --sign of life--> accepted --settle()--> over
 *        `--------------------- settle() -------------------------------^
 */
export class Turn {
  readonly turnId: string;
  readonly end: Promise<TurnEnd>;
  readonly #limits: TurnLimits;
  readonly #events: TurnEvents;
  readonly #clock: Clock;
  readonly #messages = new MessageLog();
  /** Tool calls by id, true while unfinished. */
  readonly #tools = new Map<string, boolean>();
  readonly #stopClocks: (() => void)[] = [];
  #stopSilence: () => void = () => {};
  #resolve: (end: TurnEnd) => void = () => {};
  #state: 'waiting' | 'sent' | 'accepted' | 'over' = 'waiting';
  #intent: Intent = null;
  #cancelExpired = false;
  #planSeen = false;
  #usage: Usage = {};
  #lastSignAt = 0;

  constructor(turnId: string, limits: TurnLimits, events: TurnEvents, clock: Clock) {
    this.turnId = turnId;
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
    this.end = new Promise((resolve) => (this.#resolve = resolve));
  }

  get isSent(): boolean {
    return this.#state === 'sent' || this.#state === 'accepted';
  }
  get isAccepted(): boolean {
    return this.#state === 'accepted';
  }
  get isOver(): boolean {
    return this.#state === 'over';
  }
  /** The last thing said about some tool call was that it runs. */
  get isInTool(): boolean {
    return [...this.#tools.values()].some((unfinished) => unfinished);
  }
  get intent(): Intent {
    return this.#intent;
  }

  /** The prompt goes on the wire now. */
  sent(): void {
    this.#state = 'sent';
    this.#lastSignAt = this.#clock.monotonic();
    const { firstSignTimeoutMs, turnTimeoutMs } = this.#limits;
    this.#stopClocks.push(
      this.#clock.after(firstSignTimeoutMs, () => {
        if (this.#state === 'sent' && this.#intent === null) this.#events.expired('no-first-sign');
      }),
      this.#clock.after(turnTimeoutMs, () => {
        if (this.#intent === null) this.#events.expired('turn-timeout');
      }),
    );
    this.#watchSilence();
  }

  /** True for the first sign of life only. */
  accept(): boolean {
    if (this.#state !== 'sent') return false;
    this.#state = 'accepted';
    return true;
  }

  /** The agent did something, whatever it was. */
  touch(): void {
    this.#lastSignAt = this.#clock.monotonic();
  }

  /** Takes in an update; true when it is the first sign of life. */
  see(view: AgentNews): boolean {
    this.touch();
    switch (view.type) {
      case 'message':
        this.#messages.chunk(view.text, view.messageId);
        break;
      case 'tool':
        this.#messages.tool();
        if (this.#tools.has(view.toolCallId) || this.#tools.size < MAX_TOOL_CALLS) {
          const unfinished =
            view.status === null ? (this.#tools.get(view.toolCallId) ?? true) : isUnfinished(view.status);
          this.#tools.set(view.toolCallId, unfinished);
        }
        break;
      case 'plan':
        this.#planSeen = true;
        break;
      case 'usage':
        this.#usage = { ...this.#usage, ...view.usage };
        break;
      case 'thought':
      case 'other':
        break;
    }
    return isSignOfLife(view) && this.accept();
  }

  /** The first intent counts: a person's cancel during a timeout's does not turn a failure into a cancellation. */
  intend(intent: 'cancel' | 'no-first-sign' | 'turn-timeout', cancelTimeoutMs: number, expired: () => void): void {
    if (this.#intent !== null || this.#state === 'over') return;
    this.#intent = intent;
    this.#stopAllClocks();
    this.#stopClocks.push(
      this.#clock.after(cancelTimeoutMs, () => {
        this.#cancelExpired = true;
        expired();
      }),
    );
  }

  /** The turn is over. Safe to call twice: the first counts. */
  settle(answer: Answer): void {
    if (this.#state === 'over') return;
    this.#stopAllClocks();
    const messages = this.#messages.lastFirst();
    const verdict = judge({
      intent: this.#intent,
      cancelExpired: this.#cancelExpired,
      answer,
      hasEvidence: this.#messages.hasText || this.#tools.size > 0 || this.#planSeen,
      lastMessage: messages[0] ?? '',
    });
    // A prompt that never left cannot have done anything.
    const sent = this.#state !== 'waiting';
    this.#state = 'over';
    const usage = { ...this.#usage, ...(answer.type === 'result' ? usageOfAnswer(answer.result) : null) };
    this.#resolve({
      ...verdict,
      ...(!sent && verdict.verdict === 'unknown' ? { verdict: 'failed' } : {}),
      messages,
      toolCalls: this.#tools.size,
      ...(Object.keys(usage).length === 0 ? {} : { usage }),
    });
  }

  /** Stops the clocks of a turn that goes on without us: it has no end here. */
  abandon(): void {
    this.#stopAllClocks();
  }

  /** Silence only warns: long tools and long thinking say nothing for many minutes. */
  #watchSilence(): void {
    const now = this.#clock.monotonic();
    // While a person decides, the agent has nothing to say.
    if (this.#events.isWaitingForUs()) this.#lastSignAt = now;
    const silentMs = Math.round(now - this.#lastSignAt);
    const { silenceWarnMs } = this.#limits;
    const isSilent = silentMs >= silenceWarnMs;
    if (isSilent) {
      this.#events.notice({ type: 'silent', forMs: silentMs, toolPending: this.isInTool });
    }
    const waitMs = isSilent ? silenceWarnMs : silenceWarnMs - silentMs;
    this.#stopSilence = this.#clock.after(waitMs, () => this.#watchSilence());
  }

  #stopAllClocks(): void {
    this.#stopSilence();
    for (const stop of this.#stopClocks.splice(0)) stop();
  }
}

const isUnfinished = (status: string): boolean => status === 'pending' || status === 'in_progress';
