import { rmSync, writeFileSync } from 'node:fs';
import { cleanInput } from '../../tmux/clean-input.ts';
import { sizeOf } from '../../tmux/run-directory.ts';
import type { AgentPane } from './agent-pane.ts';
import { readHooks } from './hook-reader.ts';
import { untilIdle } from './readiness.ts';
import { accept, type RunningTurn } from './running-turn.ts';
import { clearBox, enterUntilTaken, isInBox, pasteIntoBox, tailOf, type SubmitPort } from './submit.ts';
import { writeTurnFile } from './turn-file.ts';

/** Longer prompts go through a file: no wrapping, no placeholder, no limit of an input box. */
const MAX_TYPED_BYTES = 2048;
const BEFORE_CHARS = 64 * 1024;

/** Puts a prompt into the agent's box and presses Enter until it is taken. False when the turn was over before. */
export async function handOver(agent: AgentPane, running: RunningTurn, text: string): Promise<boolean> {
  const { pane, clock, spec, listener } = agent.parts;
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
  if (!(await untilIdle(agent, running, clock.monotonic() + spec.firstSignTimeoutMs))) return false;
  const port = submitPort(agent, running);
  if (!(await clearBox(port))) throw new Error('the input box holds text that could not be cleared');
  if (turn.isOver) return false;
  for (const stale of [pane.run.callback, pane.run.phase]) rmSync(stale, { force: true });
  const before = (await pane.everything()).slice(-BEFORE_CHARS);
  running.hookBytes = sizeOf(pane.run.hooks);
  running.file = { ...running.file, tail: tailOf(words), before, hookBytes: running.hookBytes };
  // From here on it may be in the box: whoever comes next types nothing before it knows.
  writeTurnFile(pane.run, running.file);
  turn.sent();
  await pasteIntoBox(port, words);
  if (turn.isOver) return false;
  if (await enterUntilTaken(port, running.file.tail)) await submitted(agent, running);
  return true;
}

/** A host died while it pasted. True when the agent has the prompt now; nothing is pasted again. */
export async function finishHandOver(agent: AgentPane, running: RunningTurn): Promise<boolean> {
  const port = submitPort(agent, running);
  await readHooks(agent, running);
  const state = await port.state();
  if (isInBox(state, running.file.tail)) {
    if (!(await enterUntilTaken(port, running.file.tail))) return false;
  } else if (!port.hasTaken() && state?.type !== 'busy' && !agent.parts.pane.hasSpoken) return false;
  await submitted(agent, running);
  return true;
}

async function submitted(agent: AgentPane, running: RunningTurn): Promise<void> {
  running.file = { ...running.file, phase: 'submitted' };
  writeTurnFile(agent.parts.pane.run, running.file);
  await accept(agent, running);
}

function submitPort(agent: AgentPane, { turn }: RunningTurn): SubmitPort {
  const { pane, profile, clock } = agent.parts;
  return {
    state: () => agent.state(),
    paste: (text) => pane.paste(text),
    press: (keys) => pane.press(keys),
    hasTaken: () => turn.isAccepted || agent.gone !== null || pane.hasSpoken,
    isOver: () => turn.isOver || agent.isReleased || agent.gone !== null,
    clear: profile.clear,
    clock,
  };
}
