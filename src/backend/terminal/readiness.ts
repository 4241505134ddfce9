import { choicesIn, shortMark } from '../../agents/terminal/choices.ts';
import { ConduxtError, ExitCode, unavailable } from '../../errors.ts';
import { beginningOf, endOf } from '../../text/cut.ts';
import type { AgentPane } from './agent-pane.ts';
import { Calm, pauseFor } from './calm.ts';
import { choose, markOf } from './choose.ts';
import { onLook, portOf } from './questions.ts';
import type { RunningTurn } from './running-turn.ts';

/** Between two looks at a screen that keeps changing: each costs a process. */
const LOOK_PAUSE_MS = 250;
const START_LOOK_PAUSE_MS = 100;
/** A prompt line is believed when it has stood still so long. */
const READY_CALM_MS = 300;
/** A wrapper's shell may stand there for a moment. */
const SHELL_CALM_MS = 2_000;
/** A greeting may stand there for as long as a slow start on a busy machine takes. */
const UNKNOWN_CALM_MS = 30_000;
const UNKNOWN_CALM_AT_END_MS = 2_000;
/** It works, and not for us: a start or a summary of its own may still end by itself. */
const BUSY_GRACE_MS = 3_000;

/**
 * Waits for the input box. @throws `agent-not-started`, `agent-start-timeout`; `agent-dialog` when it asks something
 * that only a person can answer: the pane is left as it is, and the next `open` goes on with it.
 */
export async function untilReady(agent: AgentPane, timeoutMs: number, release: () => Promise<void>): Promise<void> {
  const { clock, spec } = agent.parts;
  let end = clock.monotonic() + timeoutMs;
  let answer = spec.dialogAnswer ?? null;
  const calm = new Calm(clock);
  for (;;) {
    const look = await agent.look();
    if (agent.gone !== null) throw await notStarted(agent);
    if (look !== null) {
      const { state, screen } = look;
      const calmMs = calm.see(screen);
      if (state.type === 'ready' && calmMs >= READY_CALM_MS) return;
      if (state.type === 'shell' && calmMs >= SHELL_CALM_MS) throw await notStarted(agent, 'left a shell prompt');
      const asks = state.type === 'dialog' || state.type === 'permission';
      // Something stands there and does not move: a question in words that no profile knows.
      const stands = state.type === 'starting' && screen.trim() !== '';
      const isOver = clock.monotonic() > end;
      const patienceMs = asks ? READY_CALM_MS : isOver ? UNKNOWN_CALM_AT_END_MS : UNKNOWN_CALM_MS;
      if ((asks || stands) && calmMs >= patienceMs) {
        const given = answer?.mark === shortMark(screen) ? answer : null;
        answer = null;
        if (given === null || !(await choose(portOf(agent), markOf(look), given.name))) {
          await release();
          throw dialogError(screen);
        }
        end = clock.monotonic() + timeoutMs;
      }
    }
    if (clock.monotonic() > end) {
      const screen = look?.screen.trim() ?? '';
      await agent.close();
      throw startTimeout(timeoutMs, screen);
    }
    await agent.wake.wait(START_LOOK_PAUSE_MS);
    await pauseFor(START_LOOK_PAUSE_MS / 2, clock);
  }
}

/**
 * Waits, before a prompt, until the agent listens; false when the turn is over before. One that works on something else
 * is told to stop by the gentlest key it knows: what is appended to its work would be lost in it.
 */
export async function untilIdle(agent: AgentPane, running: RunningTurn, patienceMs: number): Promise<boolean> {
  const { clock, pane, profile } = agent.parts;
  // A person's time to answer is not the agent's.
  let end = clock.monotonic() + patienceMs;
  let busySince: number | null = null;
  for (;;) {
    if (running.turn.isOver || agent.isReleased) return false;
    if (agent.gone !== null) throw new Error('the agent is gone');
    const look = await agent.look();
    const type = look?.state.type;
    if (type === 'shell') throw new Error('the agent is gone: its terminal is back at a shell prompt');
    await onLook(agent, running, look);
    if (type === 'ready') return true;
    if (running.asking !== null) end = clock.monotonic() + patienceMs;
    if (type !== 'busy') busySince = null;
    else if (busySince === null) busySince = clock.monotonic();
    else if (clock.monotonic() - busySince >= BUSY_GRACE_MS) {
      await pane.press(profile.interrupt[0] ?? ['Escape']);
      busySince = null;
    }
    if (clock.monotonic() > end) throw new Error('the agent was not ready for a prompt in time');
    await agent.wake.wait(LOOK_PAUSE_MS);
    await pauseFor(START_LOOK_PAUSE_MS, clock);
  }
}

async function notStarted(agent: AgentPane, instead: string | null = null): Promise<Error> {
  const { stderrTail, exitCode, signal } = await agent.close();
  const how = (instead ?? signal === null) ? `ended with code ${exitCode ?? 'unknown'}` : `was ended by ${signal}`;
  const words = endOf(stderrTail.split('\n').slice(-6).join(' / '), 600);
  return unavailable('agent-not-started', `the agent ${how} before it was ready${words === '' ? '' : `: ${words}`}`, {
    remedy: 'Start it by hand in that directory, or look with conduxt doctor.',
    facts: { command: agent.parts.spec.command, exitCode, signal },
  });
}

const startTimeout = (timeoutMs: number, screen: string): Error =>
  unavailable('agent-start-timeout', `the agent's terminal was not ready within ${timeoutMs} ms`, {
    remedy: 'It may be running or hung: look at its last screen, or raise timeouts.startSeconds.',
    facts: { screen: endOf(screen, 2000) },
  });

function dialogError(screen: string): ConduxtError {
  const lines = screen
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return new ConduxtError(
    'agent-dialog',
    ExitCode.needsPerson,
    `the agent asks something before it begins: ${beginningOf(lines.slice(-8).join(' / '), 600)}`,
    {
      remedy: 'Answer it by one of its choices, or in its terminal (conduxt attach --write): it goes on then.',
      facts: {
        screen: lines.join('\n'),
        mark: shortMark(screen),
        choices: choicesIn(screen).map(({ name, label }) => ({ name, label })),
      },
    },
  );
}
