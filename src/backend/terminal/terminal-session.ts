import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { screenState, type ScreenState } from '../../agents/terminal/screen-state.ts';
import type { Clock } from '../../clock.ts';
import { ConduxtError, ExitCode, messageOf, unavailable } from '../../errors.ts';
import type { ProcessIdentity } from '../../session/events.ts';
import { cleanInput } from '../../tmux/clean-input.ts';
import { sizeOf } from '../../tmux/run-directory.ts';
import { Turn } from '../acp/turn.ts';
import type { AgentCapabilities, AgentExit, AgentListener, AgentSession, OpenSpec, TurnEnd } from '../backend.ts';
import { readHookLine, type HookEvent } from './hook-events.ts';
import type { Pane, PaneExit } from './pane.ts';
import { lastMessage, wordsOf } from './said.ts';
import { clearBox, enterUntilTaken, isInBox, pasteIntoBox, tailOf, type SubmitPort } from './submit.ts';
import { readTurnFile, writeTurnFile, type TurnFile } from './turn-file.ts';
import { messageUpdate, updateOf } from './updates.ts';
import { Wake } from './wake.ts';

/** Longer prompts go through a file: no wrapping, no placeholder, no limit of an input box. */
const MAX_TYPED_BYTES = 2048;
/** Between two looks at a screen that keeps changing: each costs a process. */
const LOOK_PAUSE_MS = 250;
const BUSY_PAUSE_MS = 1_000;
const READY_PAUSE_MS = 100;
const START_LOOK_PAUSE_MS = 100;
/** A prompt line is believed when it has stood still so long. */
const READY_CALM_MS = 300;
/** The same for the end of a turn, when something else says so, too. */
const SURE_CALM_MS = 300;
const SHOWN_CALLBACK_CALM_MS = 1_000;
const CANCELLED_CALM_MS = 600;
/** An agent with hooks says when it is done; its screen alone must stand still longer to be believed. */
const HOOKS_CALM_FACTOR = 3;
/** After the agent's hook said that it stopped, its screen may lag behind. */
const STOPPED_PATIENCE_MS = 2_000;
const TAIL_BYTES = 8 * 1024;
const BEFORE_CHARS = 64 * 1024;

export interface TerminalParts {
  readonly pane: Pane;
  readonly profile: TerminalProfile;
  readonly spec: OpenSpec;
  readonly listener: AgentListener;
  readonly continuity: 'new' | 'resumed';
  readonly agentVersion: string | null;
  readonly nativeId: string;
  /** The agent's own id of the conversation became known. */
  readonly learned: (nativeId: string) => void;
  readonly clock: Clock;
}

interface RunningTurn {
  readonly turn: Turn;
  file: TurnFile;
  /** The agent's last message, by its hook. */
  stopped: { readonly message: string; readonly at: number } | null;
  failed: string | null;
}

/** An agent in a pane: at most one turn at a time, told from files first and from the screen last. */
export class TerminalSession implements AgentSession {
  readonly nativeId: string;
  readonly continuity: 'new' | 'resumed';
  readonly agentVersion: string | null;
  readonly process: ProcessIdentity;
  readonly capabilities: AgentCapabilities;
  readonly callbackFile: string;
  readonly exited: Promise<AgentExit>;
  readonly #parts: TerminalParts;
  readonly #wake: Wake;
  readonly #stopWatching: () => void;
  readonly #let: Promise<TurnEnd>;
  #letGo: (end: TurnEnd) => void = () => {};
  #settleExit: (exit: AgentExit) => void = () => {};
  #running: RunningTurn | null = null;
  #hookBytes = 0;
  #gone: PaneExit | null = null;
  #ending: Promise<void> | null = null;
  #released = false;
  #asking: AbortController | null = null;
  #lastAsked = '';
  #checking = false;

  constructor(parts: TerminalParts) {
    const { pane, profile, clock } = parts;
    this.#parts = parts;
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
    this.#wake = new Wake(clock);
    this.#let = new Promise((resolve) => (this.#letGo = resolve));
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
    this.#hookBytes = sizeOf(pane.run.hooks);
    this.#stopWatching = pane.watch(() => {
      this.#wake.ring();
      void this.#checkExit();
    });
    void this.#checkExit();
  }

  /**
   * Waits for the input box. @throws `agent-not-started`, `agent-start-timeout`; `agent-dialog` when it asks something
   * that only a person can answer: the pane is left as it is, and the next `open` goes on with it.
   */
  async untilReady(timeoutMs: number): Promise<void> {
    const { clock, spec } = this.#parts;
    const end = clock.monotonic() + timeoutMs;
    const calm = new Calm(clock);
    for (;;) {
      const look = await this.#parts.pane.look();
      if (this.#gone !== null) throw await this.#notStarted();
      if (look !== null) {
        const { title } = look.facts;
        const state = screenState(this.#parts.profile.screen, { title, screen: look.screen });
        const calmMs = calm.see(look.screen);
        if (state.type === 'ready' && calmMs >= READY_CALM_MS) return;
        if ((state.type === 'dialog' || state.type === 'permission') && calmMs >= READY_CALM_MS) {
          await this.release();
          throw dialogError(look.screen);
        }
      }
      if (clock.monotonic() > end) {
        const screen = look?.screen.trim() ?? '';
        await this.close();
        throw unavailable(
          'agent-start-timeout',
          `the agent's terminal was not ready within ${spec.startTimeoutMs} ms`,
          {
            remedy: 'It may be running or hung: look at its last screen, or raise timeouts.startSeconds.',
            facts: { screen: screen.slice(-2000) },
          },
        );
      }
      await this.#wake.wait(START_LOOK_PAUSE_MS);
      await pauseFor(START_LOOK_PAUSE_MS / 2, clock);
    }
  }

  prompt(prompt: { readonly turnId: string; readonly text: string }): Promise<TurnEnd> {
    if (this.#running !== null) throw new Error('a prompt is already in flight in this session');
    const promptFile = path.join(this.#parts.pane.run.dir, `prompt-${prompt.turnId}.md`);
    const running: RunningTurn = {
      turn: this.#newTurn(prompt.turnId),
      file: { turnId: prompt.turnId, phase: 'pasting', tail: '', promptFile, hookBytes: this.#hookBytes, before: '' },
      stopped: null,
      failed: null,
    };
    this.#running = running;
    this.#guarded(running, () => this.#hand(running, prompt.text));
    return Promise.race([running.turn.end, this.#let]);
  }

  follow(turnId: string): Promise<TurnEnd> | null {
    const file = readTurnFile(this.#parts.pane.run);
    if (this.#running !== null || file?.turnId !== turnId) return null;
    const running: RunningTurn = { turn: this.#newTurn(turnId), file, stopped: null, failed: null };
    this.#running = running;
    this.#hookBytes = file.hookBytes;
    running.turn.sent();
    // The host before has said so.
    if (file.phase === 'submitted') running.turn.accept();
    this.#guarded(running, async () => {
      if (file.phase === 'pasting' && !(await this.#finishSubmit(running))) {
        this.#settle(running, { type: 'lost', why: 'it is not known whether the agent has the prompt' });
        return;
      }
      await this.#followTurn(running);
    });
    return Promise.race([running.turn.end, this.#let]);
  }

  get isGone(): boolean {
    return this.#gone !== null || this.#ending !== null;
  }

  async steer(): Promise<'not-supported'> {
    return 'not-supported';
  }

  async cancel(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#endTurn(running, 'cancel');
    await Promise.race([running.turn.end, this.#let]);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#stopWatching();
    this.#asking?.abort();
    this.#running?.turn.abandon();
    this.#letGo({ verdict: 'unknown', stopReason: null, messages: [], toolCalls: 0, released: true });
    this.#wake.ring();
  }

  async close(): Promise<AgentExit> {
    this.#asking?.abort();
    this.#ending ??= this.#end();
    await this.#ending;
    return this.exited;
  }

  // --- the end of the agent ---------------------------------------------------------------------------------------

  async #checkExit(): Promise<void> {
    if (this.#checking || this.#gone !== null || this.#released) return;
    this.#checking = true;
    const exit = await this.#parts.pane.exit();
    this.#checking = false;
    if (exit === null || this.#gone !== null || this.#released) return;
    this.#gone = exit;
    this.#ending ??= this.#end();
    this.#wake.ring();
  }

  async #end(): Promise<void> {
    const { pane, spec } = this.#parts;
    // The last screen says why, and is gone with the pane.
    const screen = (await pane.look())?.screen ?? '';
    const left = await pane.end(spec.sessionId, spec.termPatienceMs);
    this.#gone ??= (await pane.exit()) ?? { exitCode: null, signal: null, problem: null };
    this.#stopWatching();
    this.#wake.ring();
    const { exitCode, signal } = this.#gone;
    this.#settleExit({ exitCode, signal, left, stderrTail: screen.trim().slice(-TAIL_BYTES) });
  }

  async #notStarted(): Promise<Error> {
    const { stderrTail, exitCode, signal } = await this.close();
    const { spec } = this.#parts;
    const how = signal === null ? `ended with code ${exitCode ?? 'unknown'}` : `was ended by ${signal}`;
    const words = stderrTail.split('\n').slice(-6).join(' / ').slice(-600);
    return unavailable('agent-not-started', `the agent ${how} before it was ready${words === '' ? '' : `: ${words}`}`, {
      remedy: 'Start it by hand in that directory, or look with conduxt doctor.',
      facts: { command: spec.command, exitCode, signal },
    });
  }

  // --- a turn -----------------------------------------------------------------------------------------------------

  #newTurn(turnId: string): Turn {
    const { spec, listener, clock } = this.#parts;
    const events = {
      expired: (intent: 'no-first-sign' | 'turn-timeout') => {
        if (this.#running?.turn.turnId === turnId) this.#endTurn(this.#running, intent);
      },
      notice: (notice: Parameters<AgentListener['notice']>[0]) => listener.notice(notice),
      isWaitingForUs: () => this.#asking !== null,
    };
    return new Turn(turnId, spec, events, clock);
  }

  #guarded(running: RunningTurn, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      const { turn } = running;
      if (turn.isOver || this.#released) return;
      this.#settle(running, { type: turn.isSent ? 'lost' : 'error', ...asAnswer(error) });
    });
  }

  async #hand(running: RunningTurn, text: string): Promise<void> {
    const { pane, clock, spec, listener } = this.#parts;
    const { turn } = running;
    const clean = cleanInput(text);
    if (clean.stripped > 0) {
      listener.notice({ type: 'protocol-oddity', what: `${clean.stripped} control characters left out of a prompt` });
    }
    writeFileSync(running.file.promptFile, clean.text, { mode: 0o600 });
    const isShort = Buffer.byteLength(clean.text) <= MAX_TYPED_BYTES;
    const words = isShort
      ? clean.text
      : `Read the file "${running.file.promptFile}" now, all of it, and do what it says: it is my whole message to you.`;
    if (!(await this.#untilIdle(running, clock.monotonic() + spec.firstSignTimeoutMs))) return;
    const port = this.#submitPort(running);
    if (!(await clearBox(port))) throw new Error('the input box holds text that could not be cleared');
    if (turn.isOver) return;
    rmSync(pane.run.callback, { force: true });
    const before = (await pane.everything()).slice(-BEFORE_CHARS);
    this.#hookBytes = sizeOf(pane.run.hooks);
    running.file = { ...running.file, tail: tailOf(words), before, hookBytes: this.#hookBytes };
    // From here on it may be in the box: whoever comes next types nothing before it knows.
    writeTurnFile(pane.run, running.file);
    turn.sent();
    await pasteIntoBox(port, words);
    if (turn.isOver) return;
    if (await enterUntilTaken(port, running.file.tail)) await this.#submitted(running);
    await this.#followTurn(running);
  }

  async #submitted(running: RunningTurn): Promise<void> {
    running.file = { ...running.file, phase: 'submitted' };
    writeTurnFile(this.#parts.pane.run, running.file);
    await this.#accept(running);
  }

  /** A host died while it pasted. True when the agent has the prompt now; nothing is pasted again. */
  async #finishSubmit(running: RunningTurn): Promise<boolean> {
    const port = this.#submitPort(running);
    await this.#readHooks(running);
    const state = await port.state();
    if (isInBox(state, running.file.tail)) {
      if (!(await enterUntilTaken(port, running.file.tail))) return false;
    } else if (!port.hasTaken() && state?.type !== 'busy' && this.#parts.pane.callback() === null) return false;
    await this.#submitted(running);
    return true;
  }

  #submitPort(running: RunningTurn): SubmitPort {
    const { pane, profile, clock } = this.#parts;
    return {
      state: () => this.#state(),
      paste: (text) => pane.paste(text),
      press: (keys) => pane.press(keys),
      hasTaken: () => running.turn.isAccepted || this.#gone !== null || pane.callback() !== null,
      isOver: () => running.turn.isOver || this.#released || this.#gone !== null,
      clear: profile.clear,
      clock,
    };
  }

  async #state(): Promise<ScreenState | null> {
    const look = await this.#parts.pane.look();
    if (look === null) return null;
    // Whoever watches and looks back holds up every key.
    if (look.facts.inMode) await this.#parts.pane.leaveMode();
    return screenState(this.#parts.profile.screen, { title: look.facts.title, screen: look.screen });
  }

  /** Waits until the agent listens; false when the turn is over before. */
  async #untilIdle(running: RunningTurn, deadline: number): Promise<boolean> {
    const { clock } = this.#parts;
    for (;;) {
      if (running.turn.isOver || this.#released) return false;
      if (this.#gone !== null) throw new Error('the agent is gone');
      const look = await this.#parts.pane.look();
      const state = await this.#state();
      if (state?.type === 'ready') return true;
      if (look !== null && (state?.type === 'dialog' || state?.type === 'permission')) this.#tellAsks(look.screen);
      if (clock.monotonic() > deadline) throw new Error('the agent was not ready for a prompt in time');
      await this.#wake.wait(LOOK_PAUSE_MS);
      await pauseFor(START_LOOK_PAUSE_MS, clock);
    }
  }

  async #accept(running: RunningTurn): Promise<void> {
    if (running.turn.accept()) await this.#parts.listener.accepted(running.turn.turnId);
  }

  /** Looks, in the order of trust, until the turn is over: exit, callback file, hooks, screen. */
  async #followTurn(running: RunningTurn): Promise<void> {
    const { pane, clock, profile } = this.#parts;
    const { turn } = running;
    const calm = new Calm(clock);
    while (!turn.isOver && !this.#released) {
      await this.#readHooks(running);
      if (this.#gone !== null) return this.#lost(running, this.#gone);
      const look = await pane.look();
      let pauseMs = BUSY_PAUSE_MS;
      if (look !== null) {
        const { title } = look.facts;
        const state = screenState(profile.screen, { title, screen: look.screen });
        if (state.type === 'ready') pauseMs = READY_PAUSE_MS;
        const calmMs = calm.see(`${title}\n${look.screen}`);
        if (calmMs === 0) turn.touch();
        if (state.type === 'busy') await this.#accept(running);
        if (state.type === 'permission') await this.#answerPermission(running, state, look.screen);
        if (state.type === 'dialog') this.#tellAsks(look.screen);
        if (this.#isTurnOver(running, state, calmMs, look.screen)) return this.#finish(running);
      }
      // It changes all the time, or not at all: either way a look now and then is enough.
      await this.#wake.wait(pauseMs);
      await pauseFor(READY_PAUSE_MS, clock);
    }
  }

  #isTurnOver(running: RunningTurn, state: ScreenState, calmMs: number, screen: string): boolean {
    const { profile, pane, clock } = this.#parts;
    if (running.stopped !== null || running.failed !== null) {
      const since = clock.monotonic() - (running.stopped?.at ?? 0);
      return state.type === 'ready' || since >= STOPPED_PATIENCE_MS;
    }
    if (state.type !== 'ready' || isInBox(state, running.file.tail)) return false;
    if (running.turn.intent !== null) return calmMs >= CANCELLED_CALM_MS;
    if (pane.callback() !== null) return calmMs >= SURE_CALM_MS;
    // Before anything happened, an empty box is only an empty box.
    if (running.file.before.trimEnd().endsWith(screen.trimEnd())) return false;
    const shown = lastMessage(this.#words(running, screen, null)).includes('```callback-json');
    if (shown) return calmMs >= SHOWN_CALLBACK_CALM_MS;
    const { settleMs } = profile.screen;
    return calmMs >= (profile.hooks === null ? settleMs : settleMs * HOOKS_CALM_FACTOR);
  }

  #words(running: RunningTurn, after: string, callback: string | null): Parameters<typeof lastMessage>[0] {
    const { before } = running.file;
    const hookMessage = running.stopped?.message ?? null;
    return { before, after, box: this.#parts.profile.screen.box, hookMessage, callback };
  }

  async #finish(running: RunningTurn): Promise<void> {
    const { pane, listener } = this.#parts;
    const { turn } = running;
    await this.#accept(running);
    const words = this.#words(running, await pane.everything(), pane.callback());
    const seen = words.hookMessage === null ? 'screen' : 'hook';
    await listener.update(messageUpdate(turn.turnId, seen, wordsOf(words)));
    turn.see({ type: 'message', text: lastMessage(words), messageId: 'end' });
    if (running.failed !== null) {
      const code = /log ?in|api key|401|unauthori[sz]ed/i.test(running.failed) ? -32000 : -32603;
      this.#settle(running, { type: 'error', error: { code, message: running.failed, data: undefined } });
      return;
    }
    this.#settle(running, { type: 'result', result: { stopReason: 'end_turn' } });
  }

  /** An agent that ended well and left its callback is done: some do one prompt and go. */
  async #lost(running: RunningTurn, exit: PaneExit): Promise<void> {
    if (exit.exitCode === 0 && this.#parts.pane.callback() !== null) return this.#finish(running);
    await this.#ending;
    const how = exit.signal === null ? `exited with code ${exit.exitCode ?? 'unknown'}` : `was ended by ${exit.signal}`;
    this.#settle(running, { type: 'lost', why: `the agent ${how}` });
  }

  #settle(running: RunningTurn, answer: Parameters<Turn['settle']>[0]): void {
    if (this.#running === running) this.#running = null;
    this.#asking?.abort();
    running.turn.settle(answer);
  }

  /** Escape and what the profile names after it, then the end of the agent. */
  #endTurn(running: RunningTurn, intent: 'cancel' | 'no-first-sign' | 'turn-timeout'): void {
    const { spec, profile, pane, clock } = this.#parts;
    const { turn } = running;
    if (turn.isOver || turn.intent !== null) return;
    turn.intend(intent, spec.cancelTimeoutMs, () => void this.close());
    if (!turn.isSent) {
      this.#settle(running, { type: 'lost', why: 'the prompt was not sent' });
      return;
    }
    this.#asking?.abort();
    const patienceMs = spec.cancelTimeoutMs / (profile.interrupt.length + 1);
    const ladder = async (): Promise<void> => {
      for (const keys of profile.interrupt) {
        if (turn.isOver || this.#released || this.#gone !== null) return;
        const state = await this.#state();
        if (state?.type !== 'ready' || isInBox(state, running.file.tail)) await pane.press(keys);
        await Promise.race([turn.end, pauseFor(patienceMs, clock)]);
      }
    };
    ladder().catch((error: unknown) => {
      // The time limit ends the agent all the same.
      this.#parts.listener.notice({ type: 'protocol-oddity', what: `interrupting failed: ${messageOf(error)}` });
    });
  }

  // --- what the agent tells and asks ------------------------------------------------------------------------------

  async #readHooks(running: RunningTurn): Promise<void> {
    const { lines, end } = await this.#parts.pane.hookLines(this.#hookBytes);
    this.#hookBytes = end;
    for (const line of lines) {
      const event = readHookLine(line);
      if (event !== null) await this.#onHook(running, event);
    }
  }

  async #onHook(running: RunningTurn, event: HookEvent): Promise<void> {
    const { listener, clock } = this.#parts;
    const { turn } = running;
    turn.touch();
    switch (event.type) {
      case 'prompt':
        return this.#accept(running);
      case 'tool': {
        await this.#accept(running);
        const update = updateOf(turn.turnId, 'hook', {
          sessionUpdate: event.status === 'completed' ? 'tool_call_update' : 'tool_call',
          toolCallId: event.id,
          title: event.title,
          status: event.status,
        });
        turn.see(update.view);
        return listener.update(update);
      }
      case 'stop':
        if (event.nativeId !== null) this.#parts.learned(event.nativeId);
        running.stopped = { message: event.message, at: clock.monotonic() };
        return;
      case 'refused':
        listener.notice(event);
        return;
      case 'failed':
        running.failed = event.message;
        return;
      case 'session':
      case 'other':
        return listener.update(updateOf(turn.turnId, 'hook', { sessionUpdate: 'agent_event', event }));
    }
  }

  async #answerPermission(
    running: RunningTurn,
    state: Extract<ScreenState, { type: 'permission' }>,
    screen: string,
  ): Promise<void> {
    const { listener, pane } = this.#parts;
    await this.#accept(running);
    if (this.#asking !== null || running.turn.intent !== null) return;
    const asking = new AbortController();
    this.#asking = asking;
    const { command, question } = state;
    const request = {
      toolCallId: null,
      title: command ?? question,
      kind: command === null ? null : 'execute',
      command,
    };
    void listener
      .permission({ ...request, paths: [] }, asking.signal)
      .then(async (answer) => {
        const now = await this.#state();
        // A key goes only to the very question that was answered.
        const same = now?.type === 'permission' && now.command === command && now.question === question;
        if (answer.type === 'cancelled' || !same) return;
        if (answer.type === 'reject') await pane.press(['Escape']);
        else if (now.yesIsChosen) await pane.press(['Enter']);
        else this.#tellAsks(screen);
      })
      .catch((error: unknown) => listener.notice({ type: 'protocol-oddity', what: messageOf(error) }))
      .finally(() => {
        if (this.#asking === asking) this.#asking = null;
        this.#wake.ring();
      });
  }

  /** Once for each thing it shows. */
  #tellAsks(screen: string): void {
    if (this.#lastAsked === screen) return;
    this.#lastAsked = screen;
    this.#parts.listener.notice({ type: 'asks', screen });
  }
}

/** How long a text has stayed the same. */
class Calm {
  readonly #clock: Clock;
  #text: string | null = null;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** 0 when it changed. */
  see(text: string): number {
    const now = this.#clock.monotonic();
    if (text !== this.#text) {
      this.#text = text;
      this.#since = now;
      return 0;
    }
    return now - this.#since;
  }
}

const pauseFor = (ms: number, clock: Clock): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

function asAnswer(error: unknown): { why: string; error: { code: number; message: string; data: undefined } } {
  const message = messageOf(error);
  return { why: message, error: { code: -32603, message, data: undefined } };
}

function dialogError(screen: string): ConduxtError {
  const lines = screen
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return new ConduxtError(
    'agent-dialog',
    ExitCode.needsPerson,
    `the agent asks something before it begins: ${lines.slice(-8).join(' / ').slice(0, 600)}`,
    { remedy: 'Answer it in its terminal (conduxt attach), then say retry.', facts: { screen: lines.join('\n') } },
  );
}
