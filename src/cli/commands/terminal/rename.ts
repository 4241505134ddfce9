import { ExitCode } from '../../../errors.ts';
import { isGenericName } from '../../../session/names.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { terminalJson } from '../../terminal-json.ts';
import { changeable, type ActionInput } from './target.ts';

export async function rename(context: VerbContext, input: ActionInput): Promise<number> {
  const [newName = ''] = input.words;
  const target = await changeable(input);
  if (target.kind !== 'terminal') return ExitCode.notFound;
  const before = target.terminal.record.name;
  const terminal = await input.desk.rename(target.terminal, newName);
  const warnings = isGenericName(newName) ? [`"${newName}" says nothing about what runs there.`] : [];
  for (const warning of warnings) context.printer.note(warning, 'warn');
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, terminal: terminalJson(terminal), before, warnings });
  } else context.printer.result(`${before}: now ${terminal.record.name}`);
  return ExitCode.done;
}
