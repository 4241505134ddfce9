import * as z from 'zod';
import type { ConduxtError } from '../errors.ts';
import type { OpenSpec } from '../backend/backend.ts';
import type { Decision } from '../session/decision.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import { choiceFacts } from './dialog-answers.ts';
import { START_DECISION } from './questions.ts';

const askedSchema = z.object({
  mark: z.string(),
  choices: z.array(z.object({ name: z.string(), label: z.string() })),
});

/** Answers to the host, not to the agent. */
const OURS = new Set(['retry', 'drop', 'end']);

/** What an agent asks when it is started. It waits in its terminal; the prompt stays owed meanwhile. */
export interface AskedAtStart {
  /** Ends the decision's id: an answer is only for the question that was on the screen. */
  readonly mark: string;
  readonly names: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

/** What `agent-dialog` says about the question; null when it says nothing. */
export function askedAtStart(
  error: ConduxtError,
  session: string,
  redact: (text: string) => string,
): AskedAtStart | null {
  const { success, data } = askedSchema.safeParse(error.facts);
  if (!success) return null;
  const choices = data.choices.filter(({ name }) => !OURS.has(name));
  return { mark: data.mark, names: choices.map(({ name }) => name), facts: choiceFacts({ choices }, session, redact) };
}

/** The open decision about such a question. */
export const dialogAtStart = ({ life }: FoldedSession): Decision | null =>
  [...life.decisions.values()].find(({ id, kind }) => kind === 'dialog' && id.startsWith(START_DECISION)) ?? null;

/** What a person last answered to the agent at the start for this prompt; null when there is nothing to press. */
export function answerAtStart({ life }: FoldedSession, promptId: string): NonNullable<OpenSpec['dialogAnswer']> | null {
  const prefix = `${START_DECISION}${promptId}-`;
  const [id, end] = [...life.endedDecisions].findLast(([known]) => known.startsWith(prefix)) ?? [];
  const mark = id?.slice(prefix.length).split('-')[1];
  if (mark === undefined || end === undefined || end.type === 'withdrawn' || OURS.has(end.answer)) return null;
  return { mark, name: end.answer };
}
