import type { ScreenState } from '../../agents/terminal/screen-state.ts';
import { isTerminal, readPhase } from '../../callback/phase.ts';
import { messageOf } from '../../errors.ts';
import type { Phase } from '../../session/words.ts';
import { markedPids } from '../../process/marker.ts';
import { openFiles } from '../../process/open-files.ts';
import type { AgentPane, Look } from './agent-pane.ts';
import { Calm, pauseFor } from './calm.ts';
import { readHooks } from './hook-reader.ts';
import type { Pane, PaneExit } from './pane.ts';
import { onLook } from './questions.ts';
import { accept, settle, type RunningTurn } from './running-turn.ts';
import { lastMessage, wordsOf, type TurnWords } from './said.ts';
import { isInBox, MAX_ENTERS } from './submit.ts';
import { messageUpdate } from './updates.ts';

/** It changes all the time, or not at all: either way a look now and then is enough. */
const BUSY_PAUSE_MS = 1_000;
const READY_PAUSE_MS = 100;
/** So long the screen must stand still at the end of a turn, when something else says so, too. */
const SURE_CALM_MS = 300;
const SHOWN_CALLBACK_CALM_MS = 1_000;
const CANCELLED_CALM_MS = 600;
/** An agent with hooks says when it is done; its screen alone must stand still longer to be believed. */
const HOOKS_CALM_FACTOR = 3;
/** After the agent's hook said that it stopped, its screen may lag behind. */
const STOPPED_PATIENCE_MS = 2_000;
/** Or it goes on, because a hook of the user's told it to. What says that it works, and does not move, is not believed. */
const STOPPED_BUSY_CALM_MS = 5_000;
/** A shell may stand there for a moment between a wrapper and its agent. */
const SHELL_CALM_MS = 1_000;
/** A prompt that is back in the box, or still is, after a question stood in its way: Enter again. */
const ENTER_AGAIN_CALM_MS = 3_000;

/** Looks, in the order of trust, until the turn is over: exit, callback file, hooks, screen. */
export async function followTurn(agent: AgentPane, running: RunningTurn): Promise<void> {
  const { clock } = agent.parts;
  const { turn } = running;
  const calm = new Calm(clock);
  while (!turn.isOver && !agent.isReleased) {
    await readHooks(agent, running);
    if (turn.isAccepted) learnFromOpenFiles(agent);
    if (agent.gone !== null) return lost(agent, running, agent.gone);
    const lookedAt = clock.monotonic();
    const look = await agent.look();
    await onLook(agent, running, look);
    if (turn.isOver) return;
    let pauseMs = BUSY_PAUSE_MS;
    if (look !== null) {
      const { state } = look;
      if (state.type === 'ready') pauseMs = READY_PAUSE_MS;
      const calmMs = calm.see(`${look.title}\n${look.screen}`);
      if (calmMs === 0) turn.touch();
      if (state.type === 'busy') await accept(agent, running);
      if (state.type === 'shell' && calmMs >= SHELL_CALM_MS) {
        await agent.close();
        return settle(running, { type: 'lost', why: 'the agent is gone: its terminal is back at a shell prompt' });
      }
      if (state.type === 'permission' || state.type === 'dialog') pauseMs = READY_PAUSE_MS;
      if (isTurnOver(agent, running, look, calmMs)) return finish(agent, running);
      if (calmMs >= ENTER_AGAIN_CALM_MS && isLeftInBox(running, look) && !(await enterAgain(agent, running))) return;
    }
    await agent.wake.wait(pauseMs);
    // At once after a silence, and not for every line of a flood.
    const restMs = READY_PAUSE_MS - (clock.monotonic() - lookedAt);
    if (restMs > 0) await pauseFor(restMs, clock);
  }
}

/** A question that came up as Enter was pressed has taken the key. Without one, a person put it there. */
const isLeftInBox = ({ turn, file, wasAsked }: RunningTurn, { state }: Look): boolean =>
  turn.intent === null && wasAsked && state.type === 'ready' && isInBox(state, file);

/** False when that was of no use, and the turn is over. */
async function enterAgain({ parts }: AgentPane, running: RunningTurn): Promise<boolean> {
  if (running.entersAgain >= MAX_ENTERS) {
    settle(running, { type: 'lost', why: 'the agent did not take the prompt: it still stands in its input box' });
    return false;
  }
  running.entersAgain += 1;
  await parts.pane.press(['Enter']);
  return true;
}

/** Tried until it is known: the file is made when the first turn begins. */
function learnFromOpenFiles(agent: AgentPane): void {
  const { openFile } = agent.parts.profile;
  if (openFile === null || agent.thread !== null || agent.gone !== null) return;
  const found = markedPids(agent.parts.spec.sessionId).flatMap(openFiles);
  const ids = new Set(found.flatMap((file) => openFile.exec(file)?.[1] ?? []));
  const [id] = ids;
  // Of several nobody knows which is ours: the notifier says it at the end.
  if (id !== undefined && ids.size === 1) agent.learn(id);
}

function isTurnOver({ parts }: AgentPane, running: RunningTurn, { state, screen }: Look, calmMs: number): boolean {
  const { profile, pane, clock } = parts;
  if (running.stopped !== null || running.failed !== null) {
    if (state.type === 'busy') return calmMs >= STOPPED_BUSY_CALM_MS;
    const since = clock.monotonic() - (running.stopped?.at ?? 0);
    return state.type === 'ready' || since >= STOPPED_PATIENCE_MS;
  }
  if (state.type !== 'ready') return false;
  // Some put the prompt that was interrupted back into the box.
  if (running.turn.intent !== null) return calmMs >= CANCELLED_CALM_MS;
  if (pane.hasSpoken) return calmMs >= SURE_CALM_MS;
  if (isInBox(state, running.file)) return false;
  // Before anything happened, an empty box is only an empty box.
  if (running.file.before.trimEnd().endsWith(screen.trimEnd())) return false;
  const shown = lastMessage(wordsSeen(parts, running, screen, null)).includes('```callback-json');
  if (shown) return calmMs >= SHOWN_CALLBACK_CALM_MS;
  const { settleMs } = profile.screen;
  return calmMs >= (profile.hooks === null ? settleMs : settleMs * HOOKS_CALM_FACTOR);
}

function wordsSeen(
  { profile }: AgentPane['parts'],
  { file, stopped }: RunningTurn,
  after: string,
  callback: string | null,
): TurnWords {
  return { before: file.before, after, box: profile.screen.box, hookMessage: stopped?.message ?? null, callback };
}

async function finish(agent: AgentPane, running: RunningTurn): Promise<void> {
  const { pane, listener } = agent.parts;
  const { turn } = running;
  // A turn that was cancelled may never have begun.
  if (running.file.phase === 'submitted') await accept(agent, running);
  const words = wordsSeen(agent.parts, running, await pane.everything(), pane.callback());
  const seen = words.hookMessage === null ? 'screen' : 'hook';
  await listener.update(messageUpdate(turn.turnId, seen, wordsOf(words)));
  turn.see({ type: 'message', text: lastMessage(words), messageId: 'end' });
  if (running.failed !== null) {
    const code = /log ?in|api key|401|unauthori[sz]ed/i.test(running.failed) ? -32000 : -32603;
    settle(running, { type: 'error', error: { code, message: running.failed, data: undefined } });
    return;
  }
  if (phaseOf(pane) === 'crashed') settle(running, { type: 'lost', why: 'the agent says that it crashed' });
  else settle(running, { type: 'result', result: { stopReason: 'end_turn' } });
}

const phaseOf = (pane: Pane): Phase | null => {
  const read = readPhase(pane.phase() ?? '');
  return read?.type === 'phase' ? read.phase : null;
};

/**
 * An agent that ended well and left its callback is done: some do one prompt and go. The same with the last word of a
 * phase, however it ended.
 */
async function lost(agent: AgentPane, running: RunningTurn, exit: PaneExit): Promise<void> {
  const { pane } = agent.parts;
  const phase = phaseOf(pane);
  const isDone = (exit.exitCode === 0 && pane.callback() !== null) || (phase !== null && isTerminal(phase));
  if (isDone) return finish(agent, running);
  await agent.close();
  const how = exit.signal === null ? `exited with code ${exit.exitCode ?? 'unknown'}` : `was ended by ${exit.signal}`;
  settle(running, { type: 'lost', why: `the agent ${how}` });
}

/** A box that waits needs no key; and what Escape would choose in a question is only known where the question says it. */
const mayBePressed = (state: ScreenState): boolean =>
  state.type !== 'ready' && (state.type !== 'dialog' || /\besc(?:ape)?\b/i.test(state.text));

/**
 * Escape and what the profile names after it, then the end of the agent.
 * @param force the last of these keys at once, also while the gentle ones get their time.
 */
export function interrupt(
  agent: AgentPane,
  running: RunningTurn,
  intent: 'cancel' | 'no-first-sign' | 'turn-timeout',
  force = false,
): void {
  const { spec, profile, pane, clock, listener } = agent.parts;
  const { turn } = running;
  if (turn.isOver || (turn.intent !== null && !force)) return;
  turn.intend(intent, spec.cancelTimeoutMs, () => void agent.close());
  if (!turn.isSent) {
    settle(running, { type: 'lost', why: 'the prompt was not sent' });
    return;
  }
  running.asking?.abort();
  const rungs = force ? profile.interrupt.slice(-1) : profile.interrupt;
  const patienceMs = spec.cancelTimeoutMs / (rungs.length + 1);
  const ladder = async (): Promise<void> => {
    for (const keys of rungs) {
      if (turn.isOver || agent.isReleased || agent.gone !== null) return;
      const state = await agent.state();
      if (state !== null && mayBePressed(state)) await pane.press(keys);
      await Promise.race([turn.end, pauseFor(patienceMs, clock)]);
    }
  };
  ladder().catch((error: unknown) => {
    // The time limit ends the agent all the same.
    listener.notice({ type: 'protocol-oddity', what: `interrupting failed: ${messageOf(error)}` });
  });
}
