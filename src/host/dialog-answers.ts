import type { AgentListener, DialogRequest } from '../backend/backend.ts';
import { oneLine } from '../text/sanitize.ts';
import type { AskingPlaces } from './asking-places.ts';
import type { HostContext } from './context.ts';
import type { DecisionDesk } from './decision-desk.ts';

/** Ends the turn, as the deadline does: nobody knows what any other answer would bring about. */
const END = 'end';
const SCREEN_LINES = 12;
const SCREEN_CHARS = 1_000;

/** What an agent shows in the middle of a turn, and only a person can answer, is a decision until it is gone. */
export function dialogAnswers(
  context: HostContext,
  desk: DecisionDesk,
  places: AskingPlaces,
): NonNullable<AgentListener['dialog']> {
  const { record, redact } = context;
  return async (request, signal) => {
    const names = request.choices.map(({ name }) => name).filter((name) => name !== END);
    const question = {
      kind: 'dialog',
      question: oneLine(redact(`The agent asks on its screen: ${lastLines(request.screen)}`), SCREEN_CHARS),
      facts: choiceFacts(request, record.name, redact),
      choices: [...names, END],
      fallback: END,
    } as const;
    const answer = await places.without(signal, () => desk.ask(question, record.limits.permissionTimeoutMs, signal));
    if (answer === null) return null;
    return answer === END ? { type: 'end' } : { type: 'choice', name: answer };
  };
}

/** What each choice says on the screen, and the other way to answer. */
export function choiceFacts(
  { choices }: Pick<DialogRequest, 'choices'>,
  session: string,
  redact: (text: string) => string,
): Record<string, string> {
  const said = choices.map(({ name, label }): [string, string] => [name, oneLine(redact(label), 200)]);
  return { ...Object.fromEntries(said), 'or type it': `conduxt attach ${session} --write` };
}

/** The end of a screen, in one line. */
export const lastLines = (screen: string): string =>
  screen
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-SCREEN_LINES)
    .join(' / ');
