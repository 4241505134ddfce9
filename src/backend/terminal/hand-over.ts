import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isDiskFull } from '../../errors.ts';
import { cleanInput } from '../../tmux/clean-input.ts';
import { sizeOf } from '../../tmux/run-directory.ts';
import type { AgentPane } from './agent-pane.ts';
import { pauseFor } from './calm.ts';
import { readHooks } from './hook-reader.ts';
import { onLook } from './questions.ts';
import { untilIdle } from './readiness.ts';
import { accept, settle, type RunningTurn } from './running-turn.ts';
import { clearBox, deliver, finishDelivery, tailOf, type Delivery, type SubmitPort } from './submit.ts';
import { writeTurnFile } from './turn-file.ts';

/** Longer prompts go through a file: no wrapping, no placeholder, no limit of an input box. */
const MAX_TYPED_BYTES = 2048;
const BEFORE_CHARS = 64 * 1024;
/** Between two tries when the disk is full: a person has to make room. */
const ROOM_RETRY_MS = 500;
/** A box that is never empty when it is looked at again is not one to type into. */
const READY_TRIES = 10;

/**
 * Puts a prompt into the agent's box and presses Enter until it is taken. False when the turn was over before, or is
 * now, because nobody knows whether the agent has the prompt.
 */
export async function handOver(agent: AgentPane, running: RunningTurn, text: string): Promise<boolean> {
  const { pane, clock, spec, listener } = agent.parts;
  const { turn } = running;
  const clean = cleanInput(text);
  if (clean.stripped > 0) {
    listener.notice({ type: 'protocol-oddity', what: `${clean.stripped} control characters left out of a prompt` });
  }
  if (clean.text.trim() === '') throw new Error('there is nothing to say in this prompt');
  if (!(await whenRoom(agent, running, () => writeFileSync(running.file.promptFile, clean.text, { mode: 0o600 }))))
    return false;
  const words = wordsFor(clean.text, running.file.promptFile);
  const port = submitPort(agent, running);
  let before: string;
  for (let tried = 1; ; tried += 1) {
    if (!(await untilIdle(agent, running, spec.firstSignTimeoutMs))) return false;
    if (!(await clearBox(port))) throw new Error('the input box holds text that could not be cleared');
    before = (await pane.everything()).slice(-BEFORE_CHARS);
    // Something may have come up meanwhile: a paste would go into it.
    const state = await agent.state();
    if (turn.isOver || agent.isReleased) return false;
    if (state?.type === 'ready' && state.input === '') break;
    if (tried >= READY_TRIES) throw new Error('the agent was not ready for a prompt in time');
  }
  for (const stale of [pane.run.callback, pane.run.phase]) rmSync(stale, { force: true });
  running.hookBytes = sizeOf(pane.run.hooks);
  const { hookBytes } = running;
  running.file = { ...running.file, tail: tailOf(words), before, hookBytes, pastedAtMs: clock.now() };
  // From here on it may be in the box: whoever comes next types nothing before it knows.
  if (!(await whenRoom(agent, running, () => writeTurnFile(pane.run, running.file)))) return false;
  turn.sent();
  return concluded(agent, running, await deliver(port, words, before));
}

/** A host died while it pasted: nothing is pasted again. As `handOver`. */
export async function finishHandOver(agent: AgentPane, running: RunningTurn): Promise<boolean> {
  const { tail, before, promptFile } = running.file;
  const facts = { text: pastedFrom(promptFile), tail, before, mayBeEntered: true };
  const delivery = await finishDelivery(submitPort(agent, running), facts);
  return concluded(agent, running, delivery);
}

async function concluded(agent: AgentPane, running: RunningTurn, delivery: Delivery): Promise<boolean> {
  switch (delivery) {
    case 'taken':
      await submitted(agent, running);
      return true;
    case 'over':
      return !running.turn.isOver;
    case 'in-box':
      settle(running, { type: 'lost', why: 'the agent did not take the prompt: it still stands in its input box' });
      return false;
    case 'unknown': {
      const why = 'it is not known whether the agent has the prompt: it never showed on its screen';
      settle(running, { type: 'lost', why });
      return false;
    }
  }
}

function wordsFor(text: string, promptFile: string): string {
  if (Buffer.byteLength(text) <= MAX_TYPED_BYTES) return text;
  return `Read the file "${promptFile}" now, all of it, and do what it says: it is my whole message to you.`;
}

/** What was pasted for the prompt in this file; null when it is gone. */
function pastedFrom(promptFile: string): string | null {
  try {
    return wordsFor(readFileSync(promptFile, 'utf8'), promptFile);
  } catch {
    // Nothing is known but its end.
    return null;
  }
}

async function submitted(agent: AgentPane, running: RunningTurn): Promise<void> {
  running.file = { ...running.file, phase: 'submitted' };
  try {
    writeTurnFile(agent.parts.pane.run, running.file);
  } catch (error) {
    // The next host looks whether the agent has the text, as after a death in between.
    if (!isDiskFull(error)) throw error;
  }
  await accept(agent, running);
}

/** Writes what must be there before the prompt is, waiting for room on a full disk. False when the turn was over first. */
async function whenRoom(agent: AgentPane, { turn }: RunningTurn, write: () => void): Promise<boolean> {
  while (!turn.isOver && !agent.isReleased && agent.gone === null) {
    try {
      write();
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
    await pauseFor(ROOM_RETRY_MS, agent.parts.clock);
  }
  return false;
}

function submitPort(agent: AgentPane, running: RunningTurn): SubmitPort {
  const { pane, profile, clock } = agent.parts;
  const { turn } = running;
  return {
    look: async () => {
      if (turn.isSent) await readHooks(agent, running);
      const look = await agent.look();
      await onLook(agent, running, look);
      return look;
    },
    paste: (text) => pane.paste(text),
    press: (keys) => pane.press(keys),
    seen: (shown) => void (running.file = { ...running.file, shown }),
    hasTaken: () => turn.isAccepted || pane.hasSpoken,
    isOver: () => turn.isOver || turn.intent !== null || agent.isReleased || agent.gone !== null,
    clear: profile.clear,
    clock,
  };
}
