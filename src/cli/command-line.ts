import { ExitCode, messageOf } from '../errors.ts';
import { readUmask, setUmask } from '../process/umask.ts';
import { VerbContext } from './context.ts';
import type { Io } from './io.ts';
import { Printer } from './printer.ts';
import { QuickCommand } from './quick-command.ts';
import { reportError } from './report-error.ts';
import type { VerbModule } from './verbs.ts';

/** Runs `work` for a command line and resolves with the exit code. Never throws, never ends the process. */
export async function runCommandLine<T extends number | null>(
  argv: readonly string[],
  io: Io,
  work: (context: VerbContext) => Promise<T>,
): Promise<T | number> {
  setUmask(readUmask());
  const printer = new Printer(io, wantsJson(argv));
  let exitCode: T | number;
  try {
    exitCode = await work(new VerbContext(io, printer));
  } catch (error) {
    exitCode = reportError(error, printer);
  }
  if (exitCode === null) return exitCode;
  const unwritten = await io.settleOutput();
  return unwritten === null ? exitCode : reportUnwritten(unwritten, printer);
}

/** What was asked for may well have been done; only nobody can read it. So it is never the exit code of a failed task. */
function reportUnwritten(error: Error, printer: Printer): number {
  printer.note(`conduxt: The output could not be written: ${messageOf(error)}.`, 'bad');
  printer.note('  → What the command began goes on; look with conduxt status once there is room.');
  return ExitCode.io;
}

/** Runs a verb whose command line is plain; null, with nothing done, when commander has to read it. */
export async function runPlain(
  verb: VerbModule,
  args: readonly string[],
  context: VerbContext,
): Promise<number | null> {
  const command = new QuickCommand();
  verb.define(command, context);
  const plain = command.parse(args);
  if (plain === null) return null;
  await plain.run();
  return context.exitCode;
}

/** Read before the options are parsed: a mistake in them is reported in the form that was asked for. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}
