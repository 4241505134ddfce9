import type { Clock } from '../../clock.ts';
import { unavailable } from '../../errors.ts';
import type { ProcessIdentity } from '../../session/events.ts';
import type { AgentNews } from '../../session/agent-news.ts';
import type { AgentCapabilities, AgentExit, AgentListener, AgentSession, OpenSpec, TurnEnd } from '../backend.ts';
import { AgentProcess } from './agent-process.ts';
import { Connection, type Answer, type RawLine, type Reply } from './connection.ts';
import { shakeHands, type HandshakePort, type Opened } from './handshake.ts';
import { isObject, objectAt, textAt } from './json.ts';
import { LineWriter } from './line-writer.ts';
import { PermissionDesk } from './permission-desk.ts';
import { untilQuiet } from './quiet.ts';
import { Turn } from './turn.ts';
import { historyItemOf, isSignOfLife, viewOf } from './view.ts';
import { within } from './within.ts';

/** After `session/load` was answered: gemini 0.61 sends nine of ten replayed updates only then. */
const REPLAY_QUIET_MS = 300;
const REPLAY_MAX_MS = 10_000;
/** Where a history is wanted and none has come: to take it for an empty one too early could repeat a prompt. */
const EMPTY_REPLAY_QUIET_MS = 2000;
/** Before a prompt, when the turn before was followed by late updates: they would be taken for the new turn's. */
const LATE_QUIET_MS = 200;
const LATE_MAX_MS = 3000;
/** Between the end of the agent's output and its exit; every open call is answered within a second of its death. */
const EXIT_GRACE_MS = 500;
/** For an agent that is ended because of what its cancelled turn left running; its conversation is on disk already. */
const LEAVE_PATIENCE_MS = 500;
/** An agent that advertises steering answers at once; what it does with the text takes longer. */
const STEER_TIMEOUT_MS = 30_000;

/** One agent process with one session: connection, permissions and at most one turn. */
export class AcpSession implements AgentSession {
  readonly exited: Promise<AgentExit>;
  readonly process: ProcessIdentity;
  readonly #spec: OpenSpec;
  readonly #listener: AgentListener;
  readonly #clock: Clock;
  readonly #agent: AgentProcess;
  readonly #writer: LineWriter;
  readonly #connection: Connection;
  readonly #desk: PermissionDesk;
  #opened: Opened | null = null;
  #turn: Turn | null = null;
  /** While closed, everything the agent sends is history. */
  #gateClosed = false;
  /** What comes of the replay after the answer to `session/load` should have come before it. */
  #replay: 'none' | 'begun' | 'late' = 'none';
  #loadAnswered = false;
  #lastUpdateAt = -Infinity;
  /** The turn before was followed by more of its work. */
  #lateSeen = false;
  #foreignSeen = false;
  #closing = false;

  private constructor(spec: OpenSpec, listener: AgentListener, agent: AgentProcess, clock: Clock) {
    this.#spec = spec;
    this.#listener = listener;
    this.#clock = clock;
    this.#agent = agent;
    this.process = agent.identity;
    this.exited = agent.ended;
    this.#desk = new PermissionDesk(listener, spec.preferredOptionIds);
    this.#writer = new LineWriter(agent.stdin);
    this.#connection = new Connection(this.#writer, {
      notification: (method, params, line) => this.#notification(method, params, line),
      request: (method, params, reply, signal) => this.#request(method, params, reply, signal),
      notice: (notice) => listener.notice(notice),
    });
  }

  /** As `Backend.open`: after a rejection nothing of the agent runs any more. */
  static async open(spec: OpenSpec, listener: AgentListener, clientVersion: string, clock: Clock): Promise<AcpSession> {
    const agent = await AgentProcess.start(spec, (notice) => listener.notice(notice), clock);
    const session = new AcpSession(spec, listener, agent, clock);
    void session.#follow();
    try {
      session.#opened = await shakeHands(session.#handshakePort(), { ...spec, clientVersion });
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get nativeId(): string {
    return this.#known().nativeId;
  }
  get continuity(): 'new' | 'resumed' | 'loaded' {
    return this.#known().continuity;
  }
  get agentVersion(): string | null {
    return this.#known().agentVersion;
  }
  get capabilities(): AgentCapabilities {
    return this.#known().capabilities;
  }

  get replayedLate(): boolean {
    return this.#replay === 'late' || this.#lateSeen;
  }

  get isGone(): boolean {
    return this.#closing || this.#connection.lost !== null;
  }

  prompt(prompt: { readonly turnId: string; readonly text: string }): Promise<TurnEnd> {
    if (this.#turn !== null) throw new Error('a prompt is already in flight in this session');
    const turn = new Turn(
      prompt.turnId,
      this.#spec,
      {
        expired: (intent) => this.#endTurn(turn, intent),
        notice: (notice) => this.#listener.notice(notice),
        isWaitingForUs: () => this.#desk.isWaiting,
      },
      this.#clock,
    );
    this.#turn = turn;
    void this.#hand(turn, prompt.text);
    return turn.end;
  }

  async steer(text: string): ReturnType<AgentSession['steer']> {
    const opened = this.#known();
    // Never asked where it is not advertised: codex answers methods it does not know with an empty success.
    if (!opened.capabilities.steer) return 'not-supported';
    const turn = this.#turn;
    if (turn === null || !turn.isSent || turn.intent !== null) return 'no-turn';
    const request = this.#connection.request('_session/steering', {
      sessionId: opened.nativeId,
      prompt: [{ type: 'text', text }],
      // Otherwise a turn starts that no prompt of ours owns, when this one has just ended.
      _meta: { steering: { idleBehavior: 'promptRequired' } },
    });
    const answer = await within(request, STEER_TIMEOUT_MS, this.#clock);
    if (answer?.type !== 'result') return answer?.type === 'error' ? 'not-supported' : 'unknown';
    switch (textAt(answer.result, 'outcome')) {
      case 'injected':
        return 'injected';
      case 'startedNewTurn':
        // The agent has the text: queueing it as well would hand it over twice.
        this.#listener.notice({ type: 'protocol-oddity', what: 'steering started a turn of its own' });
        return 'started-turn';
      default:
        return 'no-turn';
    }
  }

  async cancel(force = false): Promise<void> {
    const turn = this.#turn;
    if (turn === null) return;
    this.#endTurn(turn, 'cancel');
    // Its conversation goes on with the next prompt, in a process of its own.
    if (force && !turn.isOver) void this.#agent.end(0);
    await turn.end;
  }

  async close(): Promise<AgentExit> {
    this.#closing = true;
    this.#desk.cancelAll();
    this.#writer.end();
    return this.#agent.end(this.#spec.closePatienceMs);
  }

  /** Reads the agent to its end; then answers everything that still waits. */
  async #follow(): Promise<void> {
    void this.#agent.exited.then(() => this.#connection.giveUpHeldPipe(this.#agent.stdout));
    const broken = await this.#connection.read(this.#agent.stdout);
    if (broken === null) await within(this.#agent.exited, EXIT_GRACE_MS, this.#clock);
    this.#connection.lose(
      broken === null ? this.#agent.describeEnd() : `what the agent sent could not be taken in: ${broken}`,
    );
    // Whoever cannot be read any more is of no use, alive or not.
    await this.#agent.end(this.#spec.closePatienceMs);
  }

  #handshakePort(): HandshakePort {
    const deadline = this.#clock.monotonic() + this.#spec.startTimeoutMs;
    return {
      send: (method, params) => {
        const leftMs = Math.max(0, deadline - this.#clock.monotonic());
        const answer = new Promise<Answer>((resolve) =>
          this.#connection.call(method, params, (answered) => {
            // In the same step as the answer: the next line is already late.
            if (method === 'session/load') this.#loadAnswered = true;
            resolve(answered);
          }),
        );
        return within(answer, leftMs, this.#clock);
      },
      closeGate: () => {
        this.#gateClosed = true;
      },
      openGate: async (afterLoad) => {
        this.#lastUpdateAt = this.#clock.monotonic();
        const quietMs =
          this.#spec.wantsHistory === true && this.#replay === 'none' ? EMPTY_REPLAY_QUIET_MS : REPLAY_QUIET_MS;
        if (afterLoad) await untilQuiet(() => this.#lastUpdateAt, quietMs, REPLAY_MAX_MS, this.#clock);
        this.#gateClosed = false;
      },
      endFacts: () => this.#agent.facts(),
    };
  }

  async #hand(turn: Turn, text: string): Promise<void> {
    if (this.#lateSeen) await untilQuiet(() => this.#lastUpdateAt, LATE_QUIET_MS, LATE_MAX_MS, this.#clock);
    this.#lateSeen = false;
    if (turn.isOver) return;
    const why = this.#closing ? 'the session is closed' : this.#connection.lost;
    if (why !== null) {
      this.#settle(turn, { type: 'lost', why });
      return;
    }
    turn.sent();
    this.#connection.call('session/prompt', { sessionId: this.nativeId, prompt: [{ type: 'text', text }] }, (answer) =>
      this.#settle(turn, answer),
    );
  }

  #settle(turn: Turn, answer: Answer): void {
    // In the same step as the answer: the next line is already outside of the turn.
    if (this.#turn === turn) this.#turn = null;
    const isLeftRunning = this.#spec.leavesCommands === true && turn.intent !== null && turn.isInTool;
    // Before the turn's end is known: whoever waits for it must not prompt an agent that is on its way out.
    if (isLeftRunning) this.#closing = true;
    turn.settle(answer);
    if (isLeftRunning) void this.#agent.end(LEAVE_PATIENCE_MS);
  }

  /** Asks the agent to stop and ends it when it does not. Before the prompt has left, nothing is sent at all. */
  #endTurn(turn: Turn, intent: 'cancel' | 'no-first-sign' | 'turn-timeout'): void {
    if (turn.isOver || turn.intent !== null) return;
    turn.intend(intent, this.#spec.cancelTimeoutMs, () => void this.#agent.end(this.#spec.closePatienceMs));
    if (!turn.isSent) {
      this.#settle(turn, { type: 'lost', why: 'the prompt was not sent' });
      return;
    }
    // gemini ends the turn only after every permission request was answered.
    this.#desk.cancelAll();
    this.#connection.notify('session/cancel', { sessionId: this.nativeId });
  }

  #notification(method: string, params: unknown, line: RawLine): void | Promise<void> {
    // Extensions (`_auth/status_update`) and what is new: nothing is expected of us.
    if (method !== 'session/update') return;
    this.#lastUpdateAt = this.#clock.monotonic();
    const update = objectAt(params, 'update');
    if (this.#gateClosed) {
      const item = historyItemOf(update);
      if (item !== null) {
        this.#replay = this.#loadAnswered ? 'late' : 'begun';
        this.#listener.replayed?.(item);
      }
      return;
    }
    const turn = this.#turn?.isSent === true ? this.#turn : null;
    if (!this.#isOurs(params)) {
      // A session the agent opened for a helper of its own: kept, but its words are not the agent's answer.
      turn?.touch();
      if (!this.#foreignSeen) {
        this.#foreignSeen = true;
        this.#listener.notice({ type: 'protocol-oddity', what: 'sends updates of another session' });
      }
      return this.#deliver(turn, line, { type: 'other', kind: textAt(update, 'sessionUpdate') ?? 'unknown' }, false);
    }
    this.#desk.remember(update);
    const view = viewOf(update);
    if (turn === null && isSignOfLife(view)) this.#lateSeen = true;
    return this.#deliver(turn, line, view, turn?.see(view) ?? false);
  }

  #deliver(turn: Turn | null, { raw, text }: RawLine, view: AgentNews, isFirstSign: boolean): void | Promise<void> {
    const update = { turnId: turn?.turnId ?? null, raw, text, view };
    if (turn === null || !isFirstSign) return this.#listener.update(update);
    return Promise.resolve(this.#listener.accepted(turn.turnId)).then(() => this.#listener.update(update));
  }

  #request(method: string, params: unknown, reply: (reply: Reply) => void, signal: AbortSignal): void | Promise<void> {
    const turn = this.#turn;
    turn?.touch();
    if (method !== 'session/request_permission') {
      reply({ error: { code: -32601, message: `Method not found: ${method}` } });
      return;
    }
    if (turn?.accept() !== true) return this.#askPermission(turn, params, reply, signal);
    return Promise.resolve(this.#listener.accepted(turn.turnId)).then(() =>
      this.#askPermission(turn, params, reply, signal),
    );
  }

  #askPermission(turn: Turn | null, params: unknown, reply: (reply: Reply) => void, signal: AbortSignal): void {
    // While a turn is being ended, a session closed or a past one replayed, nobody is to be asked any more.
    const isPast = this.#gateClosed || this.#closing || (turn !== null && turn.intent !== null);
    if (isPast) reply({ result: { outcome: { outcome: 'cancelled' } } });
    else this.#desk.ask(params, reply, signal);
  }

  #isOurs(params: unknown): boolean {
    const id = isObject(params) ? params['sessionId'] : undefined;
    return this.#opened === null || id === undefined || id === this.#opened.nativeId;
  }

  #known(): Opened {
    if (this.#opened === null) throw unavailable('agent-not-started', 'the agent has not opened its session yet');
    return this.#opened;
  }
}
