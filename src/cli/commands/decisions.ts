import { ExitCode } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { answerHint } from '../../views/progress.ts';
import { oneLine } from '../../text/sanitize.ts';
import { toned } from '../../views/tone.ts';
import type { VerbContext } from '../context.ts';
import { openDecisions } from '../open-decisions.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('-a, --all', 'of all repositories of this user')
      .action(context.act((options: { all?: boolean }) => list(context, options.all === true))),
    { examples: ['conduxt decisions', 'conduxt decisions --json'], exits: '0' },
  );
}

function list(context: VerbContext, all: boolean): number {
  const { printer } = context;
  const open = openDecisions(context, all);
  if (context.json) {
    const decisions = open.map(({ view, decision }) => ({
      session: view.record.name,
      sessionId: view.record.id,
      ...decision,
    }));
    printer.document({ schemaVersion: SCHEMA_VERSION, decisions });
    return ExitCode.done;
  }
  if (open.length === 0) printer.note('No question waits for you.');
  for (const { view, decision } of open) {
    printer.result([
      { text: `${view.record.name}: `, tone: 'strong' },
      { text: oneLine(decision.question, 400), tone: 'plain' },
    ]);
    for (const [name, value] of Object.entries(decision.facts))
      printer.result(`  ${oneLine(name, 30)}: ${oneLine(value, 300)}`);
    if (decision.deadline !== null)
      printer.result(toned('dim', `  until ${decision.deadline}, then: ${decision.fallback ?? 'nothing'}`));
    printer.result(toned('strong', `  ${answerHint(decision)}`));
  }
  return ExitCode.done;
}
