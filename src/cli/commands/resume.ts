import { existsSync } from 'node:fs';
import { ExitCode, refused } from '../../errors.ts';
import { newPromptId } from '../../session/ids.ts';
import { findResumable } from '../find-native.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { listNames, type SessionView } from '../../store/read-session.ts';
import type { VerbContext } from '../context.ts';
import { waitFor } from '../follow/wait-for.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { promptText } from '../prompt-text.ts';
import type { VerbCommand } from '../verb-command.ts';

interface ResumeOptions {
  readonly file?: string;
  readonly wait?: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', "a name, repo/name, a session id, or the exact id of the agent's own conversation")
      .argument('[text...]', 'what to say to it then; - reads standard input')
      .option('--file <path>', 'read the text from a file')
      .option('--wait', 'wait until the session has nothing left to do')
      .action(
        context.act((name: string, words: string[], options: ResumeOptions) => resume(context, name, words, options)),
      ),
    {
      examples: ['conduxt resume helper', 'conduxt resume 01a1fbe5-815c-7cb1-84d5-d0e7d83cbeff "Where were we?"'],
      exits: '0, 2 (ambiguous), 4 (no such session), 5, 6 (its worktree was removed), 74, 75; with --wait as for wait',
      notes:
        'The conversation goes on where the agent can resume it. Where it cannot, the agent gets a brief, and both it and\n' +
        'you are told. A task is taken up in its worktree; what the stop dropped stays dropped.',
    },
  );
}

async function resume(
  context: VerbContext,
  name: string,
  words: readonly string[],
  options: ResumeOptions,
): Promise<number> {
  const view = findResumable(context, name);
  requirePlace(view);
  const { record, paths, folded } = view;
  const hasText = words.length > 0 || options.file !== undefined;
  const text = hasText ? await promptText(context.io, { words, file: options.file }) : null;
  const reply = await askHost(context, view, { op: 'resume' });
  const promptId = newPromptId();
  const told =
    text === null
      ? null
      : await askHost(context, view, { op: 'tell', promptId, key: `tell/${promptId}`, text, mode: 'queue' });
  const called = addressOf(context, view);
  if (context.json && options.wait !== true) {
    const wasStopped = folded.life.stopped;
    const said = told === null ? {} : { promptId: told.promptId };
    const session = { session: record.name, sessionId: record.id, wasStopped, ...reply, ...said };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...session });
  } else if (!context.json) {
    const how = folded.life.stopped ? 'taken up again' : 'it was not stopped';
    const what = told === null ? `say something with conduxt tell ${called} "…"` : 'the text goes to the agent';
    context.printer.result(`${record.name}: ${how}; ${what}.`);
  }
  if (options.wait !== true) return ExitCode.done;
  const since = { epoch: folded.epoch, seq: folded.seq };
  const codes = await waitFor(context, [{ record, paths, since }], {
    timeoutMs: null,
    show: context.json ? 'nothing' : 'text',
    outcome: context.json ? 'document' : 'text',
  });
  return Math.max(...codes);
}

function requirePlace({ record, folded }: SessionView): void {
  const isTask = record.task !== null && folded.delivery.worktree !== null;
  if (record.kind !== 'ask' && (!isTask || existsSync(record.cwd))) return;
  const why = record.kind === 'ask' ? 'It was one question' : 'Its worktree is gone';
  throw refused('not-resumable', `${record.name} cannot be taken up again. ${why}.`, {
    remedy: record.kind === 'ask' ? 'Ask again with conduxt ask.' : `Begin again with conduxt retry ${record.name}.`,
  });
}

/** Its name may belong to a later session. */
function addressOf({ places }: VerbContext, { record }: SessionView): string {
  const named = listNames(places.home, record.repo?.key ?? null).find(({ id }) => id === record.id);
  return named?.name ?? record.id;
}
