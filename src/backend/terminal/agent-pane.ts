import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { screenState, type ScreenState } from '../../agents/terminal/screen-state.ts';
import { isBackAtShell } from '../../agents/terminal/shell-prompt.ts';
import type { Clock } from '../../clock.ts';
import { endOf } from '../../text/cut.ts';
import type { AgentExit, AgentListener, OpenSpec } from '../backend.ts';
import type { Pane, PaneExit } from './pane.ts';
import { Wake } from './wake.ts';

const TAIL_BYTES = 8 * 1024;

export interface TerminalParts {
  readonly pane: Pane;
  readonly profile: TerminalProfile;
  readonly spec: OpenSpec;
  readonly listener: AgentListener;
  readonly continuity: 'new' | 'resumed';
  readonly agentVersion: string | null;
  readonly nativeId: string;
  /** The agent's own id of the conversation, where it is known already. */
  readonly thread: string | null;
  /** The agent's own id of the conversation became known. */
  readonly learned: (nativeId: string) => void;
  readonly clock: Clock;
}

/** A screen, and what it means. */
export interface Look {
  readonly title: string;
  readonly screen: string;
  readonly state: ScreenState;
}

/**
 * The agent's life in its pane, from the watch that begins with us to its end or to our letting go:
 *
 *     living --release()--> released
 *        `--exit | close()--> ending --> gone
 */
export class AgentPane {
  readonly parts: TerminalParts;
  /** Rings when a file of the run changed, and when the agent's life did. */
  readonly wake: Wake;
  readonly exited: Promise<AgentExit>;
  readonly #stopWatching: () => void;
  #settleExit: (exit: AgentExit) => void = () => {};
  #gone: PaneExit | null = null;
  #ending: Promise<void> | null = null;
  #released = false;
  #checking = false;
  #lastAsked = '';
  #thread: string | null;

  constructor(parts: TerminalParts) {
    this.parts = parts;
    this.#thread = parts.thread;
    this.wake = new Wake(parts.clock);
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
    this.#stopWatching = parts.pane.watch(() => {
      this.wake.ring();
      void this.#checkExit();
    });
    void this.#checkExit();
  }

  /** How it ended; null while it lives. */
  get gone(): PaneExit | null {
    return this.#gone;
  }
  /** Nothing can be said to it any more. */
  get isGone(): boolean {
    return this.#gone !== null || this.#ending !== null;
  }
  get isReleased(): boolean {
    return this.#released;
  }
  /** The agent's own id of its conversation; null until it is known. */
  get thread(): string | null {
    return this.#thread;
  }
  learn(thread: string): void {
    if (this.#thread === thread) return;
    this.#thread = thread;
    this.parts.learned(thread);
  }

  /** Null when tmux could not show it. */
  async look(): Promise<Look | null> {
    const look = await this.parts.pane.look();
    if (look === null) return null;
    const { screen } = look;
    const { title, command } = look.facts;
    if (isBackAtShell(command, screen)) return { title, screen, state: { type: 'shell' } };
    return { title, screen, state: screenState(this.parts.profile.screen, { title, screen }) };
  }

  async state(): Promise<ScreenState | null> {
    return (await this.look())?.state ?? null;
  }

  /** Tells what it asks that only a person can answer: once for each thing it shows. */
  tellAsks(screen: string): void {
    if (this.#lastAsked === screen) return;
    this.#lastAsked = screen;
    this.parts.listener.notice({ type: 'asks', screen });
  }

  /** Watches it no longer. It lives on. */
  release(): void {
    this.#released = true;
    this.#stopWatching();
    this.wake.ring();
  }

  /** Ends it, and everything it started. */
  async close(): Promise<AgentExit> {
    this.#ending ??= this.#end();
    await this.#ending;
    return this.exited;
  }

  async #checkExit(): Promise<void> {
    if (this.#checking || this.#gone !== null || this.#released) return;
    this.#checking = true;
    const exit = await this.parts.pane.exit();
    this.#checking = false;
    if (exit === null || this.#gone !== null || this.#released) return;
    this.#gone = exit;
    this.#ending ??= this.#end();
    this.wake.ring();
  }

  async #end(): Promise<void> {
    const { pane, spec } = this.parts;
    // The last screen says why, and is gone with the pane.
    const screen = (await pane.look())?.screen ?? '';
    const left = await pane.end(spec.sessionId, spec.termPatienceMs);
    this.#gone ??= (await pane.exit()) ?? { exitCode: null, signal: null, problem: null };
    this.#stopWatching();
    this.wake.ring();
    const { exitCode, signal } = this.#gone;
    this.#settleExit({ exitCode, signal, left, stderrTail: endOf(screen.trim(), TAIL_BYTES) });
  }
}
