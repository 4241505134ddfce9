import { readFileSync } from 'node:fs';
import type { HeadlessProfile } from '../../agents/headless/profile.ts';
import type { Clock } from '../../clock.ts';
import type { ProcessIdentity, Usage } from '../../session/events.ts';
import { textIn, type RunDirectory } from '../../tmux/run-directory.ts';
import type { AgentProcess } from '../acp/agent-process.ts';
import { Turn } from '../acp/turn.ts';
import type { AgentCapabilities, AgentExit, AgentListener, AgentSession, OpenSpec, TurnEnd } from '../backend.ts';
import { fenced } from '../terminal/said.ts';
import { readHookLine } from '../terminal/hook-events.ts';
import { updateOf } from '../terminal/updates.ts';
import { endingOf, type Ending } from './ending.ts';
import { promptInput } from './prompt-input.ts';
import { OutputReader } from './read-output.ts';
import { rememberPrompt } from './remember-prompt.ts';
import { STREAMS } from './streams.ts';
import type { Told } from './told.ts';

export interface HeadlessParts {
  readonly agent: AgentProcess;
  readonly profile: HeadlessProfile;
  readonly run: RunDirectory;
  readonly spec: OpenSpec;
  readonly listener: AgentListener;
  readonly agentVersion: string | null;
  readonly clock: Clock;
}

/**
 * One process for one prompt: it waits for it at its stdin, works on it, and exits. The next prompt gets a new process,
 * which goes on with the same conversation by the id that the stream of the one before has told.
 */
export class HeadlessSession implements AgentSession {
  readonly continuity: 'new' | 'resumed';
  readonly agentVersion: string | null;
  readonly process: ProcessIdentity;
  readonly capabilities: AgentCapabilities;
  readonly exited: Promise<AgentExit>;
  readonly #parts: HeadlessParts;
  readonly #output: OutputReader;
  readonly #read: Promise<void>;
  #nativeId: string | null;
  #turn: Turn | null = null;
  #gone = false;
  #end: Extract<Told, { readonly type: 'end' }> | null = null;
  #problem: string | null = null;
  #spent: Usage = {};
  #hasBegun = false;
  #lingered = false;
  /** How it said that it has no such conversation. */
  #lostConversation: string | null = null;
  #stopLingering: () => void = () => {};

  constructor(parts: HeadlessParts) {
    const { agent, profile, spec, listener } = parts;
    this.#parts = parts;
    this.#nativeId = spec.resume;
    this.continuity = spec.resume === null ? 'new' : 'resumed';
    this.agentVersion = parts.agentVersion;
    this.process = agent.identity;
    this.exited = agent.ended;
    this.capabilities = {
      resume: profile.resumeArgs === null ? 'none' : 'native',
      nativeId: profile.nativeId,
      steer: false,
      permissions: false,
      usage: profile.stream !== 'text',
    };
    const reader = profile.stream === 'text' ? null : STREAMS[profile.stream];
    this.#output = new OutputReader(agent.stdout, reader, {
      told: (told) => this.#told(told),
      notice: (notice) => listener.notice(notice),
    });
    this.#read = this.#output.read();
    void agent.exited.then(() => (this.#gone = true));
    void this.#follow();
  }

  get nativeId(): string | null {
    return this.#nativeId;
  }

  /** True also between the end of its one turn and its exit: the turn ends with the process. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Before the hand-over is recorded: on a full disk the prompt stays owed. */
  prepare({ turnId, text }: { readonly turnId: string; readonly text: string }): void {
    const { profile, run } = this.#parts;
    if (profile.hooks !== null) rememberPrompt(run, turnId, text);
  }

  async prompt({ turnId, text }: { readonly turnId: string; readonly text: string }): Promise<TurnEnd> {
    if (this.#turn !== null) throw new Error('a headless agent takes one prompt only');
    const { spec, listener, clock, agent, profile } = this.#parts;
    const turn = new Turn(
      turnId,
      spec,
      {
        expired: (intent) => this.#endTurn(turn, intent),
        notice: (notice) => listener.notice(notice),
        isWaitingForUs: () => false,
      },
      clock,
    );
    this.#turn = turn;
    // Whoever is gone has not had it.
    if (this.#gone) turn.settle({ type: 'lost', why: agent.describeEnd() });
    else {
      turn.sent();
      agent.stdin.end(promptInput(profile.input, text));
    }
    const end = await turn.end;
    return this.#withFiles(this.#lostConversation === null ? end : lostIn(end, this.#lostConversation));
  }

  async steer(): Promise<'not-supported'> {
    return 'not-supported';
  }

  async cancel(): Promise<void> {
    const turn = this.#turn;
    if (turn === null || turn.isOver) return;
    this.#endTurn(turn, 'cancel');
    await turn.end;
  }

  async close(): Promise<AgentExit> {
    this.#gone = true;
    // It waits for a prompt, or works on one that nobody waits for any more: its stdin is closed, so TERM is what is left.
    return this.#parts.agent.end(0);
  }

  /** The process is all there is to talk to: a turn is ended by ending it, TERM first. */
  #endTurn(turn: Turn, intent: 'cancel' | 'no-first-sign' | 'turn-timeout'): void {
    if (turn.isOver || turn.intent !== null) return;
    turn.intend(intent, this.#parts.spec.cancelTimeoutMs, () => {});
    void this.#parts.agent.end(0);
  }

  /** To the end of the process, of what it left behind, and of its last word. */
  async #follow(): Promise<void> {
    const { agent } = this.#parts;
    const exit = await agent.ended;
    this.#gone = true;
    this.#stopLingering();
    void this.#output.giveUpHeldPipe();
    await this.#read;
    this.#tellRefusals();
    const turn = this.#turn;
    if (turn !== null) this.#settle(turn, this.#ending(exit));
  }

  #ending({ exitCode, signal, stderrTail }: AgentExit): Ending {
    const { profile, spec } = this.#parts;
    return endingOf({
      end: this.#end,
      problem: this.#problem,
      hasBegun: this.#hasBegun,
      exitCode,
      signal,
      lingered: this.#lingered,
      endsByExit: profile.stream === 'text',
      stderr: stderrTail,
      unknownConversation: spec.resume === null ? null : profile.unknownConversation,
      usage: this.#usage(),
    });
  }

  #usage(): Usage | null {
    const total = this.#end?.usage;
    // What it counts up over a conversation cannot be told apart by turns.
    const isForeign = this.#parts.profile.usageOf === 'conversation' && this.continuity === 'resumed';
    return isForeign ? null : (total ?? this.#spent);
  }

  #settle(turn: Turn, ending: Ending): void {
    if (ending.type !== 'conversation-lost') {
      turn.settle(ending);
      return;
    }
    this.#lostConversation = ending.why;
    turn.settle({ type: 'error', error: { code: -32603, message: ending.why, data: undefined } });
  }

  #told(told: Told): void | Promise<void> {
    this.#turn?.touch();
    switch (told.type) {
      case 'named':
        return this.#named(told.nativeId);
      case 'update':
        return this.#update(told);
      case 'problem':
        this.#problem = told.text;
        return;
      case 'spent':
        this.#spent = sum(this.#spent, told.usage);
        return;
      case 'end':
        this.#end = told;
        return;
      // Between the word that everything is over and the exit; then it is ended.
      case 'settled':
        this.#stopLingering();
        this.#stopLingering = this.#parts.clock.after(this.#parts.spec.closePatienceMs, () => {
          this.#lingered = true;
          void this.#parts.agent.end(0);
        });
    }
  }

  #named(nativeId: string): void | Promise<void> {
    if (this.#nativeId === nativeId) return;
    this.#nativeId = nativeId;
    return this.#parts.listener.named?.(nativeId);
  }

  async #update({ update }: Extract<Told, { readonly type: 'update' }>): Promise<void> {
    const { listener } = this.#parts;
    const turn = this.#turn?.isSent === true ? this.#turn : null;
    const seen = updateOf(turn?.turnId ?? null, 'stream', update);
    const { type } = seen.view;
    if (type !== 'other' && type !== 'usage') this.#hasBegun = true;
    if (turn?.see(seen.view) === true) await listener.accepted(turn.turnId);
    await listener.update(seen);
  }

  /** What the guard refused, by the agent's hook. */
  #tellRefusals(): void {
    const { profile, run, listener } = this.#parts;
    if (profile.hooks === null) return;
    for (const line of linesOf(run.hooks)) {
      const event = readHookLine(line);
      if (event?.type === 'refused') listener.notice(event);
    }
  }

  /** An agent may also have answered through its files, as in a terminal: the surest comes last. */
  #withFiles(end: TurnEnd): TurnEnd {
    const { run } = this.#parts;
    const callback = textIn(run.callback);
    const phase = textIn(run.phase);
    const [last, ...older] = end.messages;
    const words = callback === null ? null : [last ?? '', fenced(callback)].filter((text) => text !== '').join('\n\n');
    const hasAnswered = callback !== null || phase !== null;
    return {
      ...(hasAnswered && end.failure === 'empty-turn' ? withoutFailure(end) : end),
      ...(words === null ? {} : { messages: [words, ...older] }),
      ...(phase === null ? {} : { phase }),
    };
  }
}

/** A turn that a person cancelled meanwhile stays cancelled. */
const lostIn = (end: TurnEnd, why: string): TurnEnd =>
  end.verdict === 'failed' ? { ...end, failure: 'conversation-lost', detail: why } : end;

/** It printed nothing, and answered through its files. */
function withoutFailure(end: TurnEnd): TurnEnd {
  const { failure: _failure, detail: _detail, ...rest } = end;
  return { ...rest, verdict: 'done' };
}

function sum(one: Usage, other: Usage): Usage {
  const add = (a = 0, b = 0): number => a + b;
  return {
    inputTokens: add(one.inputTokens, other.inputTokens),
    outputTokens: add(one.outputTokens, other.outputTokens),
  };
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    // The agent removed it: then there is nothing to tell.
    return [];
  }
}
