import { ExitCode, notFound, usageError } from '../../../errors.ts';
import { captureTerminal, chosen, type Captured, type CaptureWish } from '../../../placement/capture.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { nameOf, targetOf, type ActionInput } from './target.ts';

/** What a terminal shows, or has shown. */
export async function capture(context: VerbContext, input: ActionInput): Promise<number> {
  const { options } = input;
  if (options.all === true && options.lines !== undefined) {
    throw usageError('conflicting-options', '--lines and --all cannot be used together.', { remedy: 'Choose one.' });
  }
  const wish: CaptureWish = {
    extent: options.all === true ? 'all' : (options.lines ?? 'screen'),
    pattern: options.match ?? null,
  };
  const { name, captured } = await look(input, wish);
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, name, ...captured });
    return ExitCode.done;
  }
  if (captured.isCut && wish.extent === 'all') context.printer.note('what it printed first is not kept', 'dim');
  for (const line of captured.lines) context.printer.result(line);
  return ExitCode.done;
}

async function look(
  input: ActionInput,
  wish: CaptureWish,
): Promise<{ readonly name: string; readonly captured: Captured }> {
  const target = await targetOf(input);
  const { server } = input.desk;
  if (target.kind === 'terminal') {
    return { name: nameOf(target), captured: await captureTerminal(server, target.terminal, wish) };
  }
  const shown = await server.capture(target.stranger.pane.paneId, { history: wish.extent !== 'screen' });
  if (shown === null) throw notFound('terminal-not-found', `${nameOf(target)} has gone meanwhile.`);
  return { name: nameOf(target), captured: { lines: chosen(shown, wish), from: 'terminal', isCut: false } };
}
