import { ExitCode } from '../../errors.ts';
import { AT_LENGTH, factLines } from '../../views/decision-facts.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { answerHint, deadlineText } from '../../views/progress.ts';
import { oneLine } from '../../text/sanitize.ts';
import { toned } from '../../views/tone.ts';
import type { SessionView } from '../../store/read-session.ts';
import type { VerbContext } from '../context.ts';
import { openDecisions } from '../open-decisions.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('-a, --all', 'of all repositories of this user, which is what it does anyway')
      .option('--here', 'of this repository only')
      .action(context.act((options: { here?: boolean }) => list(context, options.here === true))),
    {
      examples: ['conduxt decisions', 'conduxt decisions --json', 'conduxt decisions --here'],
      exits: '0',
      notes: 'Every open question of all your sessions; those of this repository first.',
    },
  );
}

function list(context: VerbContext, only: boolean): number {
  const { printer } = context;
  const open = openDecisions(context, only);
  if (context.json) {
    const decisions = open.map(({ view, decision }) => ({
      session: view.record.name,
      sessionId: view.record.id,
      repo: view.record.repo?.slug ?? null,
      ...decision,
    }));
    printer.document({ schemaVersion: SCHEMA_VERSION, decisions });
    return ExitCode.done;
  }
  if (open.length === 0) printer.note('No question waits for you.');
  for (const { view, decision } of open) {
    printer.result([
      { text: `${shownName(context, view)}: `, tone: 'strong' },
      { text: oneLine(decision.question, 400), tone: 'plain' },
    ]);
    for (const text of factLines(decision.facts, AT_LENGTH)) printer.result(`  ${text}`);
    printer.result(toned('strong', `  ${answerHint(decision)}`));
    for (const text of deadlineText(decision)) printer.result(toned('dim', `  ${text}`));
  }
  return ExitCode.done;
}

/** By which it can be named from here. */
const shownName = ({ place }: VerbContext, { record: { name, repo } }: SessionView): string =>
  repo === null || repo.key === place.repoKey ? name : `${repo.slug}/${name}`;
