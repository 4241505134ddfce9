import { choicesIn, onceChoice, refusingChoice } from '../../agents/terminal/choices.ts';
import { messageOf } from '../../errors.ts';
import type { PermissionAnswer, PermissionRequest } from '../backend.ts';
import type { AgentPane, Look } from './agent-pane.ts';
import { choose, markOf } from './choose.ts';
import { accept, settle, type RunningTurn } from './running-turn.ts';

/** A question that still stands there after its answer was pressed is one that conduxt does not know how to answer. */
const ANSWERED_PATIENCE_MS = 3_000;

/** What one turn is asked on its screen right now; null: nothing. */
export interface AskedQuestion {
  /** `markOf` its screen. */
  readonly mark: string;
  /** Seen once may be half drawn. `given`: a key was pressed for it, or it cannot be. `person`: only a person is left. */
  stage: 'seen' | 'asked' | 'given' | 'person';
  /** When its keys had been pressed; `Infinity` until then, `-Infinity` when there are none for it. */
  givenAt: number;
  /** Ends the asking. */
  readonly asking: AbortController;
}

/**
 * Takes in what a look shows: a permission is answered by the listener, once; whatever else is asked, or cannot be
 * answered by keys that conduxt knows, becomes a person's decision, once. Nothing is pressed before somebody decided.
 */
export async function onLook(agent: AgentPane, running: RunningTurn, look: Look | null): Promise<void> {
  if (look === null || look.state.type === 'starting' || look.state.type === 'shell') return;
  const { state } = look;
  if (state.type === 'ready' || state.type === 'busy') return nothingAsked(running);
  if (running.turn.isSent) running.wasAsked = true;
  if (running.turn.intent !== null) return;
  const mark = markOf(look);
  const known = running.question;
  if (known?.mark !== mark) {
    known?.asking.abort();
    running.question = { mark, stage: 'seen', givenAt: Infinity, asking: new AbortController() };
    return;
  }
  // A prompt that still waits to be entered is not taken because something else is asked.
  if (running.file.phase === 'submitted') await accept(agent, running);
  switch (known.stage) {
    case 'seen':
      known.stage = 'asked';
      if (state.type === 'permission') askPermission(agent, running, known, look);
      else askPerson(agent, running, known, look);
      return;
    case 'given':
      if (agent.parts.clock.monotonic() - known.givenAt >= ANSWERED_PATIENCE_MS) askPerson(agent, running, known, look);
      return;
    case 'asked':
    case 'person':
      return;
  }
}

/** A person may have answered it in the terminal. */
function nothingAsked(running: RunningTurn): void {
  running.question?.asking.abort();
  running.question = null;
}

function askPermission(agent: AgentPane, running: RunningTurn, question: AskedQuestion, look: Look): void {
  const { listener } = agent.parts;
  const { state } = look;
  if (state.type !== 'permission') return;
  const request = requestFor(state);
  work(agent, running, question, async () => {
    const answer = await listener.permission(request, question.asking.signal);
    if (answer.type === 'cancelled' || running.question !== question) return;
    question.stage = 'given';
    let isPressed = true;
    try {
      isPressed = await answerPermission(agent, question.mark, answer);
    } finally {
      question.givenAt = isPressed ? agent.parts.clock.monotonic() : -Infinity;
    }
  });
}

/** A command of which the screen shows a part is only a title: what it does is not known. */
function requestFor({ question, command }: Look['state'] & { readonly type: 'permission' }): PermissionRequest {
  const asked = { toolCallId: null, paths: [] };
  if (command === null) return { ...asked, title: question, kind: null, command: null };
  const [likeliest, ...otherReadings] = command.readings;
  const known = command.isCut ? { command: null } : { command: likeliest, otherReadings };
  return { ...asked, title: likeliest, kind: 'execute', ...known };
}

/** False when no key is known for it: it must not be asked for ever. A key is pressed once, whatever comes of it. */
async function answerPermission(agent: AgentPane, mark: string, answer: PermissionAnswer): Promise<boolean> {
  const look = await agent.look();
  if (look?.state.type !== 'permission' || markOf(look) !== mark) return true;
  const choices = choicesIn(look.screen);
  if (answer.type === 'allow') {
    const once = onceChoice(choices);
    if (once === null && !look.state.yesIsChosen) return false;
    if (once === null) await agent.parts.pane.press(['Enter']);
    else await choose(portOf(agent), mark, once.name);
    return true;
  }
  const no = refusingChoice(choices);
  if (no === null) await agent.parts.pane.press(['Escape']);
  else await choose(portOf(agent), mark, no.name);
  return true;
}

/** What only a person can answer, by a choice that stands on the screen, in the terminal itself, or by ending the turn. */
function askPerson(agent: AgentPane, running: RunningTurn, question: AskedQuestion, look: Look): void {
  const { listener } = agent.parts;
  question.stage = 'person';
  if (listener.dialog === undefined) return agent.tellAsks(look.screen);
  const request = { screen: look.screen, choices: choicesIn(look.screen).map(({ name, label }) => ({ name, label })) };
  const ask = listener.dialog.bind(listener);
  work(agent, running, question, async () => {
    const answer = await ask(request, question.asking.signal);
    if (answer === null || running.question !== question) return;
    if (answer.type === 'end') {
      const message = 'it was ended because nobody answered what it asked on its screen';
      settle(running, { type: 'error', error: { code: -32603, message, data: undefined } });
      return;
    }
    if (await choose(portOf(agent), question.mark, answer.name)) return;
    // It is asked again when it still stands there, as it stands there then.
    if (running.question === question) running.question = null;
  });
}

function work(agent: AgentPane, running: RunningTurn, question: AskedQuestion, ask: () => Promise<void>): void {
  running.asking = question.asking;
  ask()
    .catch((error: unknown) =>
      agent.parts.listener.notice({ type: 'protocol-oddity', what: `a question: ${messageOf(error)}` }),
    )
    .finally(() => {
      if (running.asking === question.asking) running.asking = null;
      agent.wake.ring();
    });
}

export const portOf = (agent: AgentPane): Parameters<typeof choose>[0] => ({
  look: () => agent.look(),
  press: (keys) => agent.parts.pane.press(keys),
  clock: agent.parts.clock,
});
