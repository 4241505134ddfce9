import { ExitCode } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { excerptLines, isGreen, receiptLine } from '../../views/receipt.ts';
import { oneLine } from '../../text/sanitize.ts';
import { toned } from '../../views/tone.ts';
import { requireTask } from '../clean/require-rest.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { refuseFromInside } from '../own-judge.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<task>', 'a name, repo/name, or a session id')
      .action(context.act((name: string) => verify(context, name))),
    {
      examples: ['conduxt verify issue-78'],
      exits: '0 (green), 1 (not green), 4, 6 (nothing to verify), 75 (the agent is working)',
      notes: 'Runs the command that was fixed when the task was made, at the committed state of its worktree.',
    },
  );
}

async function verify(context: VerbContext, name: string): Promise<number> {
  const session = context.session(name);
  refuseFromInside(context, session, 'verify');
  requireTask(session);
  const { printer } = context;
  if (!context.json) printer.note(`Running the tests of ${session.record.name} …`, 'dim');
  const reply = await askHost(context, session, { op: 'step', step: 'verify' }, null);
  if (!('receipt' in reply)) throw new Error(`the verify step answered with ${reply.step}`);
  const { receipt } = reply;
  const green = isGreen(receipt.verdict);
  if (context.json) {
    printer.document({
      schemaVersion: SCHEMA_VERSION,
      session: session.record.name,
      sessionId: session.record.id,
      receipt,
    });
  } else {
    printer.result(toned(green ? 'good' : 'bad', `${session.record.name}: ${receiptLine(receipt)}`));
    for (const line of excerptLines(receipt)) printer.result(toned('dim', `  ${line}`));
    for (const file of receipt.changedJudges)
      printer.result(toned('warn', `  changes what judges it: ${oneLine(file, 160)}`));
    printer.result(toned('dim', `  whole output: ${receipt.logFile}`));
  }
  return green ? ExitCode.done : ExitCode.taskFailed;
}
