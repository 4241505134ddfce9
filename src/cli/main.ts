import { runCommandLine, runPlain } from './command-line.ts';
import { processIo, type Io } from './io.ts';
import { verbIn } from './verbs.ts';

/**
 * The command line: runs `argv` (without program and file name) and resolves with the exit code. Never throws, never
 * ends the process.
 */
export function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  return runCommandLine(argv, io, async (context) => {
    const [first = '', ...rest] = argv;
    const verb = verbIn([first]);
    const exitCode = verb === undefined ? null : await runPlain(await verb.load(), rest, context);
    if (exitCode !== null) return exitCode;
    const { runProgram } = await import('./program.ts');
    return runProgram(argv, context);
  });
}
