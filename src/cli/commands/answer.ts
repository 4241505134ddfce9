import { ExitCode, notFound, refused } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { openDecisions, type OpenDecision } from '../open-decisions.ts';
import { finishVerb } from '../options.ts';
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
      exits: '0, 2, 4 (no such question), 6 (already answered, or none of its choices), 75',
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
  const text = (await promptText(context.io, { words, file })).trim();
  const reply = await askHost(context, view, { op: 'answer', decisionId: decision.id, answer: text });
  const { record } = view;
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, session: record.name, sessionId: record.id, ...reply });
  } else context.printer.result(`${record.name}: answered. Follow it with conduxt wait ${record.name}`);
  return ExitCode.done;
}

/** By decision id, or by session when there is no doubt which question is meant. */
function find(context: VerbContext, text: string): OpenDecision {
  const everywhere = openDecisions(context, true);
  const byId = everywhere.find(({ decision }) => decision.id === text);
  if (byId !== undefined) return byId;
  const view = /^(clarify|gate|d|start)-/.test(text) ? null : context.session(text);
  const ofSession = everywhere.filter((open) => open.view.record.id === view?.record.id);
  const [only, another] = ofSession;
  if (only === undefined) {
    throw notFound('decision-not-found', `There is no open question ${text.slice(0, 80)}.`, {
      remedy: 'See conduxt decisions for those that wait.',
    });
  }
  if (another === undefined) return only;
  const ids = ofSession.map(({ decision }) => decision.id);
  throw refused('ambiguous-decision', `${text} asks ${ofSession.length} questions: ${ids.join(', ')}.`, {
    remedy: `Say which one, for example conduxt answer ${ids[0]} …`,
    facts: { ids },
  });
}
