import { ExitCode, usageError } from '../../../errors.ts';
import type { Terminal } from '../../../placement/terminal.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { changeable, type ActionInput } from './target.ts';

/** Ends terminals and everything that was started in them. */
export async function kill(context: VerbContext, input: ActionInput): Promise<number> {
  const { desk } = input;
  const terminals = await chosen(input);
  const killed = [];
  for (const terminal of terminals) {
    const left = await desk.end(terminal);
    if (left.length === 0) desk.forget(terminal);
    killed.push({ name: terminal.record.name, id: terminal.record.id, left });
  }
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, terminals: killed });
  for (const { name, left } of killed) {
    const rest = left.length === 0 ? '' : `, but these processes could not be: ${left.join(', ')}`;
    context.printer.result(`${name}: ended${rest}`);
  }
  if (killed.length === 0) context.printer.result('There is no terminal.');
  return killed.some(({ left }) => left.length > 0) ? ExitCode.taskFailed : ExitCode.done;
}

async function chosen(input: ActionInput): Promise<readonly Terminal[]> {
  const names = [...(input.name === '' ? [] : [input.name]), ...input.words];
  if ((input.options.all === true) === names.length > 0) {
    throw usageError('wrong-arguments', 'conduxt terminal kill: it needs names, or --all.', {
      remedy: 'See conduxt terminal list.',
    });
  }
  if (input.options.all === true) return input.desk.all();
  const targets = await Promise.all(names.map((name) => changeable({ ...input, name })));
  return targets.flatMap((target) => (target.kind === 'terminal' ? [target.terminal] : []));
}
