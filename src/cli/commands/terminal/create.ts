import { statSync } from 'node:fs';
import path from 'node:path';
import { ExitCode, usageError } from '../../../errors.ts';
import { fullName } from '../../../placement/terminal-names.ts';
import { isGenericName } from '../../../session/names.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { obtainTerminal } from '../../exec/obtain-terminal.ts';
import { machineSession } from '../../terminal-desk.ts';
import { terminalJson } from '../../terminal-json.ts';
import type { ActionInput } from './target.ts';

/** A shell, or a command, in a session of its own. */
export async function create(
  context: VerbContext,
  { desk, place, name, words, options }: ActionInput,
): Promise<number> {
  const wanted = name === '' ? machineSession(place.config) : name;
  if (wanted === null) {
    throw usageError('wrong-arguments', 'conduxt terminal create: it needs a name.', {
      remedy: 'Use one that says what it is for, such as dev-server.',
    });
  }
  const cwd = path.resolve(context.io.cwd, options.cwd ?? '.');
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usageError('no-directory', `${cwd} is not a directory.`, { remedy: 'Check --cwd.' });
  }
  const { terminal, how } = await obtainTerminal(context, desk, {
    ...{ wanted, name: fullName(wanted, desk.naming), cwd, command: words.length === 0 ? null : words },
    ...{ reuse: options.reuse === true, replace: options.replace === true },
  });
  const warnings = isGenericName(wanted) ? [`"${wanted}" says nothing about what runs there.`] : [];
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, terminal: terminalJson(terminal), how, warnings });
    return ExitCode.done;
  }
  for (const warning of warnings) context.printer.note(warning, 'warn');
  context.printer.result(`${terminal.record.name}: ${how}`);
  return ExitCode.done;
}
