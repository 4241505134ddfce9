import { ConduxtError, ExitCode, notFound, refused, usageError } from '../../errors.ts';
import type { DecisionEnd } from '../../session/decision.ts';
import { listNames, readSessionOrNull, type SessionView } from '../../store/read-session.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { openOf, type OpenDecision } from '../open-decisions.ts';
import { finishVerb } from '../options.ts';
import { refuseFromInside } from '../own-judge.ts';
import { promptText } from '../prompt-text.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<decision>', 'the id of a question, or the session that asks it when it asks only one')
      .argument('[answer...]', 'one of the choices, or your words; - reads standard input')
      .option('--file <path>', 'read the answer from a file')
      .action(
        context.act((id: string, words: string[], options: { file?: string }) =>
          answer(context, id, words, options.file),
        ),
      ),
    {
      examples: ['conduxt answer clarify-t-01j2x "Use UTC everywhere"', 'conduxt answer issue-78 deliver'],
      exits: '0, 2 (none of its choices), 4 (no such question), 6 (already answered), 75',
    },
  );
}

async function answer(
  context: VerbContext,
  id: string,
  words: readonly string[],
  file: string | undefined,
): Promise<number> {
  const { view, decision } = find(context, id);
  refuseFromInside(context, view, 'answer');
  if (words.length === 0 && file === undefined) throw nothingSaid(id, decision);
  const text = (await promptText(context.io, { words, file })).trim();
  const reply = await askHost(context, view, { op: 'answer', decisionId: decision.id, answer: text });
  const { record } = view;
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, session: record.name, sessionId: record.id, ...reply });
  } else context.printer.result(`${record.name}: answered. Follow it with conduxt wait ${record.name}`);
  return ExitCode.done;
}

/** The question once more: whoever types only its name wants to know what there is to say. */
const nothingSaid = (id: string, { question, choices }: OpenDecision['decision']): ConduxtError =>
  usageError('no-answer-given', `It asks: ${oneLine(question, 300)}`, {
    remedy:
      choices.length === 0
        ? `Answer in your own words: conduxt answer ${id} "…"`
        : `Answer with one of ${choices.join(', ')}: conduxt answer ${id} ${choices[0] ?? ''}`,
  });

/** By session when there is no doubt which question is meant, or by decision id. */
function find(context: VerbContext, text: string): OpenDecision {
  const session = sessionOrNull(context, text);
  const ofSession = session === null ? [] : openOf(session);
  const [only, another] = ofSession;
  if (only === undefined && session !== null) {
    throw notFound('decision-not-found', `${session.record.name} asks nothing.`, {
      remedy: 'See conduxt decisions for the questions that wait.',
    });
  }
  if (only === undefined) return findById(context, text);
  if (another === undefined) return only;
  const ids = ofSession.map(({ decision }) => decision.id);
  throw refused('ambiguous-decision', `${text} asks ${ofSession.length} questions: ${ids.join(', ')}.`, {
    remedy: `Say which one, for example conduxt answer ${ids[0]} …`,
    facts: { ids },
  });
}

function findById({ places }: VerbContext, id: string): OpenDecision {
  const remedy = 'See conduxt decisions for those that wait.';
  for (const named of listNames(places.home, null)) {
    const view = readSessionOrNull(places.home, places.runtimeDir, named.id);
    if (view === null) continue;
    const open = openOf(view).find(({ decision }) => decision.id === id);
    if (open !== undefined) return open;
    const ended = view.folded.life.endedDecisions.get(id);
    if (ended !== undefined) {
      throw refused('decision-ended', `The question ${id} of ${view.record.name} ${howItEnded(ended)}.`, {
        remedy,
        facts: { id, session: view.record.name, end: ended.type },
      });
    }
  }
  throw notFound('decision-not-found', `There is no open question ${id.slice(0, 80)}.`, { remedy });
}

function howItEnded(end: DecisionEnd): string {
  switch (end.type) {
    case 'answered':
      return `is answered already: ${oneLine(end.answer, 60)}`;
    case 'expired':
      return `took its default when its time was over: ${oneLine(end.answer, 60)}`;
    case 'withdrawn':
      return 'is no longer needed';
  }
}

function sessionOrNull(context: VerbContext, name: string): SessionView | null {
  try {
    return context.session(name);
  } catch (error) {
    if (error instanceof ConduxtError && error.code === 'session-not-found') return null;
    throw error;
  }
}
