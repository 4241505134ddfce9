import { ExitCode } from '../../../errors.ts';
import { strangersOn } from '../../../placement/strangers.ts';
import { cutTo, fit } from '../../../views/columns.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import { shortDuration } from '../../../views/quantities.ts';
import { oneLine } from '../../../text/sanitize.ts';
import { toned, plain, type Line } from '../../../views/tone.ts';
import type { VerbContext } from '../../context.ts';
import { terminalJson } from '../../terminal-json.ts';
import { strangerJson, type ActionInput, type TargetJson } from './target.ts';

/** Every terminal on the server, with its last activity and what has it. */
export async function list(context: VerbContext, { desk, options }: ActionInput): Promise<number> {
  const ours = options.socket === undefined ? await desk.all() : [];
  const others = await strangersOn(desk.server, ours);
  const terminals: TargetJson[] = [...ours.map(terminalJson), ...others.map(strangerJson)];
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, terminals });
    return ExitCode.done;
  }
  if (terminals.length === 0)
    context.printer.note('There is no terminal. conduxt terminal create <name> makes one.', 'dim');
  else context.printer.results(table(terminals, context.io.now(), context.printer.width));
  return ExitCode.done;
}

function table(terminals: readonly TargetJson[], nowMs: number, width: number): Line[] {
  const nameWidth = Math.max(4, ...terminals.map(({ name }) => name.length));
  const row = (name: string, kind: string, state: string, activity: string, what: string): string =>
    cutTo(`${fit(name, nameWidth)}  ${fit(kind, 8)}  ${fit(state, 7)}  ${fit(activity, 8)}  ${what}`, width);
  const body = terminals.map((each) =>
    plain(row(oneLine(each.name, nameWidth), each.kind, each.state, idleFor(each, nowMs), whatRuns(each))),
  );
  return [toned('dim', row('NAME', 'KIND', 'STATE', 'ACTIVITY', 'FOREGROUND')), ...body];
}

function idleFor({ lastActivityAt }: TargetJson, nowMs: number): string {
  return lastActivityAt === null ? '' : shortDuration(Math.max(0, nowMs - Date.parse(lastActivityAt)));
}

function whatRuns({ state, foreground, exitCode, signal, command }: TargetJson): string {
  const words = command === null ? '' : oneLine(command.join(' '), 120);
  if (state === 'ended') return `${signal ?? `exit code ${exitCode ?? 'unknown'}`}  ${words}`.trimEnd();
  return `${foreground ?? ''}${words === '' || words === foreground ? '' : `  ${words}`}`;
}
