import { parseCallback } from '../../callback/parse.ts';
import { ExitCode, ioError, messageOf, usageError } from '../../errors.ts';
import { replaceJson } from '../../tmux/run-directory.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { promptText } from '../prompt-text.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[json]', 'the callback; without it, or with -, standard input is read')
      .option('--file <path>', 'read it from a file')
      .action(context.act((json: string | undefined, options: { file?: string }) => callback(context, json, options))),
    {
      examples: ['conduxt callback --file callback.json', 'echo "$JSON" | conduxt callback'],
      exits: '0 (written), 2 (not a callback, or not called by an agent in a terminal), 4, 74',
      notes:
        'Checks the JSON and puts it into the file that $CONDUXT_CALLBACK names. The prompt says what it must hold.',
    },
  );
}

async function callback(
  context: VerbContext,
  json: string | undefined,
  { file }: { readonly file?: string },
): Promise<number> {
  const target = context.io.env['CONDUXT_CALLBACK'] ?? '';
  if (target === '') {
    throw usageError(
      'no-callback-file',
      'CONDUXT_CALLBACK is not set: no agent of conduxt in a terminal called this.',
      {
        remedy: 'End your last message with the callback-json block instead.',
      },
    );
  }
  const words = json === undefined ? (file === undefined ? ['-'] : []) : [json];
  const parsed = parseCallback(await promptText(context.io, { words, file }));
  if (parsed.type === 'problem') {
    throw usageError('invalid-callback', `This is no callback: ${parsed.problem}.`, {
      remedy: 'Mend it and call this again; the prompt says what it must hold.',
    });
  }
  try {
    replaceJson(target, parsed.callback);
  } catch (error) {
    throw ioError('callback-unwritable', `${target} could not be written: ${messageOf(error)}.`);
  }
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, callback: parsed.callback });
  else context.printer.result(`callback taken: ${parsed.callback.status}`);
  return ExitCode.done;
}
