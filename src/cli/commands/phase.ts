import { ExitCode, refused, usageError } from '../../errors.ts';
import { phases } from '../../session/words.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { promptText } from '../prompt-text.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .argument('<phase>', phases.join(', '))
      .argument('[words...]', 'why, for people; - reads standard input')
      .action(context.act((name: string, phase: string, words: string[]) => report(context, name, phase, words))),
    {
      examples: ['conduxt phase issue-78 merged', 'conduxt phase issue-78 failed "the design was rejected"'],
      exits: '0, 2 (no such phase), 4, 6 (the task waits for neither a review nor CI), 75',
      notes:
        'Says what came of the review or the CI run that a task in awaiting-review or awaiting-ci waits for. It is not\n' +
        'believed: after done and merged the tests are run again. What the agent is to change is said with conduxt tell.',
    },
  );
}

async function report(context: VerbContext, name: string, word: string, words: readonly string[]): Promise<number> {
  const phase = phases.find((known) => known === word.toLowerCase().replaceAll('-', '_'));
  if (phase === undefined) {
    throw usageError('unknown-phase', `There is no phase ${JSON.stringify(word.slice(0, 40))}.`, {
      remedy: `Say one of ${phases.join(', ')}.`,
    });
  }
  const session = context.session(name);
  const { record, state } = session;
  // Then no host is started only to be told so.
  if (session.folded.awaiting.now === null) {
    throw refused('not-awaiting', `${record.name} waits for neither a review nor CI: it is ${state}.`, {
      remedy: `Say it to its agent: conduxt tell ${record.name} "…"`,
      facts: { state },
    });
  }
  const text = words.length === 0 ? '' : (await promptText(context.io, { words })).trim();
  const reply = await askHost(context, session, { op: 'phase', phase, words: text });
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, session: record.name, sessionId: record.id, ...reply });
  } else context.printer.result(`${record.name}: ${phase}. Follow it with conduxt wait ${record.name}`);
  return ExitCode.done;
}
