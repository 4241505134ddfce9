import { ExitCode } from '../errors.ts';
import { VerbContext } from './context.ts';
import { processIo, type Io } from './io.ts';
import { Printer } from './printer.ts';
import { runProgram } from './program.ts';
import { reportError } from './report-error.ts';

/**
 * The command line: runs `argv` (without program and file name) and resolves with the exit code. Never throws, never
 * ends the process.
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  // What we create is the user's own, also where a directory already is more open.
  process.umask(0o077);
  const printer = new Printer(io, wantsJson(argv));
  let exitCode: number;
  try {
    exitCode = await runProgram(argv, new VerbContext(io, printer));
  } catch (error) {
    exitCode = reportError(error, printer);
  }
  // Whoever read our output has seen enough (`| head -1`); that is no failure.
  return io.readerGone.aborted ? ExitCode.done : exitCode;
}

/** Read before the options are parsed: a mistake in them is reported in the form that was asked for. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}
