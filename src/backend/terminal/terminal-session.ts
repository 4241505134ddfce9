import path from 'node:path';
import { messageOf } from '../../errors.ts';
import type { ProcessIdentity } from '../../session/events.ts';
import { sizeOf } from '../../tmux/run-directory.ts';
import { Turn } from '../acp/turn.ts';
import type { AgentCapabilities, AgentExit, AgentListener, AgentSession, BackendNotice, TurnEnd } from '../backend.ts';
import { AgentPane, type TerminalParts } from './agent-pane.ts';
import { followTurn, interrupt } from './follow-turn.ts';
import { finishHandOver, handOver } from './hand-over.ts';
import { untilReady } from './readiness.ts';
import { newTurn, settle, type RunningTurn } from './running-turn.ts';
import { readTurnFile } from './turn-file.ts';

/** An agent in a pane: at most one turn at a time, told from files first and from the screen last. */
export class TerminalSession implements AgentSession {
  readonly nativeId: string;
  readonly continuity: 'new' | 'resumed';
  readonly agentVersion: string | null;
  readonly process: ProcessIdentity;
  readonly capabilities: AgentCapabilities;
  readonly callbackFile: string;
  readonly exited: Promise<AgentExit>;
  readonly #agent: AgentPane;
  /** Settles when this host lets go. */
  readonly #let: Promise<TurnEnd>;
  #letGo: (end: TurnEnd) => void = () => {};
  #running: RunningTurn | null = null;

  constructor(parts: TerminalParts) {
    const { pane, profile } = parts;
    this.nativeId = parts.nativeId;
    this.continuity = parts.continuity;
    this.agentVersion = parts.agentVersion;
    this.process = pane.supervisor;
    this.callbackFile = pane.run.callback;
    this.capabilities = {
      resume: profile.resumeArgs === null ? 'none' : 'native',
      nativeId: profile.nativeId,
      steer: false,
      permissions: profile.screen.asks.length > 0,
      usage: false,
    };
    this.#agent = new AgentPane(parts);
    this.exited = this.#agent.exited;
    this.#let = new Promise((resolve) => (this.#letGo = resolve));
  }

  /** As `readiness.untilReady`. */
  untilReady(timeoutMs: number): Promise<void> {
    return untilReady(this.#agent, timeoutMs, () => this.release());
  }

  prompt({ turnId, text }: { readonly turnId: string; readonly text: string }): Promise<TurnEnd> {
    if (this.#open !== null) throw new Error('a prompt is already in flight in this session');
    const { run } = this.#agent.parts.pane;
    const promptFile = path.join(run.dir, `prompt-${turnId}.md`);
    const hookBytes = sizeOf(run.hooks);
    const file = {
      turnId,
      phase: 'pasting',
      tail: '',
      shown: '',
      promptFile,
      hookBytes,
      pastedAtMs: 0,
      before: '',
    } as const;
    const running = newTurn(this.#newTurn(turnId), file);
    return this.#run(running, async () => {
      if (await handOver(this.#agent, running, text)) await followTurn(this.#agent, running);
    });
  }

  follow(turnId: string): Promise<TurnEnd> | null {
    const file = readTurnFile(this.#agent.parts.pane.run);
    if (this.#open !== null || file?.turnId !== turnId) return null;
    const running = newTurn(this.#newTurn(turnId), file);
    running.turn.sent();
    // The host before has said so.
    if (file.phase === 'submitted') running.turn.accept();
    return this.#run(running, async () => {
      if (file.phase === 'submitted' || (await finishHandOver(this.#agent, running))) {
        await followTurn(this.#agent, running);
      }
    });
  }

  get isGone(): boolean {
    return this.#agent.isGone;
  }

  async steer(): Promise<'not-supported'> {
    return 'not-supported';
  }

  async cancel(force = false): Promise<void> {
    const running = this.#open;
    if (running === null) return;
    interrupt(this.#agent, running, 'cancel', force);
    await Promise.race([running.turn.end, this.#let]);
  }

  async release(): Promise<void> {
    if (this.#agent.isReleased) return;
    this.#agent.release();
    this.#running?.asking?.abort();
    this.#running?.turn.abandon();
    this.#letGo({ verdict: 'unknown', stopReason: null, messages: [], toolCalls: 0, released: true });
  }

  async close(): Promise<AgentExit> {
    this.#running?.asking?.abort();
    return this.#agent.close();
  }

  /** The turn that runs, or null. */
  get #open(): RunningTurn | null {
    return this.#running?.turn.isOver === false ? this.#running : null;
  }

  #newTurn(turnId: string): Turn {
    const { spec, listener, clock } = this.#agent.parts;
    const events = {
      expired: (intent: 'no-first-sign' | 'turn-timeout') => {
        const open = this.#open;
        if (open?.turn.turnId !== turnId) return;
        // Somebody is asked what stands in its way, and the agent waits for us.
        if (intent === 'no-first-sign' && open.asking !== null) return;
        interrupt(this.#agent, open, intent);
      },
      notice: (notice: BackendNotice) => void this.#tell(notice, listener),
      isWaitingForUs: () => (this.#running?.asking ?? null) !== null,
    };
    return new Turn(turnId, spec, events, clock);
  }

  /** A silence is told with what stands on the screen. Never rejects. */
  async #tell(notice: BackendNotice, listener: AgentListener): Promise<void> {
    const look = notice.type === 'silent' ? await this.#agent.look().catch(() => null) : null;
    listener.notice(look === null || notice.type !== 'silent' ? notice : { ...notice, screen: look.screen });
  }

  #run(running: RunningTurn, work: () => Promise<void>): Promise<TurnEnd> {
    this.#running = running;
    work().catch((error: unknown) => {
      const { turn } = running;
      if (turn.isOver || this.#agent.isReleased) return;
      const message = messageOf(error);
      if (turn.isSent) settle(running, { type: 'lost', why: message });
      else settle(running, { type: 'error', error: { code: -32603, message, data: undefined } });
    });
    return Promise.race([running.turn.end.then((end) => this.#withPhase(end)), this.#let]);
  }

  #withPhase(end: TurnEnd): TurnEnd {
    const phase = this.#agent.parts.pane.phase();
    return phase === null ? end : { ...end, phase };
  }
}
