import { systemCode } from '../errors.ts';
import { runCommandLine, runPlain } from './command-line.ts';
import * as cancel from './commands/cancel.ts';
import * as status from './commands/status.ts';
import * as tell from './commands/tell.ts';
import type { Io } from './io.ts';
import type { VerbModule } from './verbs.ts';

export { processIo } from './io.ts';

/**
 * The verbs that people and scripts type all day, as one small file: what they need less often (a new session, a host
 * that has to be started, waiting) is not in it. Keep `bin.ts` in step.
 */
const HOT: Readonly<Record<string, VerbModule>> = { cancel, ls: status, status, tell };

/** With these a command goes on, after it has done its work, in what is not here: it is `main`'s from the beginning. */
const BEYOND = new Set(['--wait']);

/** As `main`, for a plain command line of a hot verb; null, with nothing done that `main` would not take up. */
export function hot(argv: readonly string[], io: Io): Promise<number | null> {
  const [first = '', ...rest] = argv;
  const verb = Object.hasOwn(HOT, first) ? HOT[first] : undefined;
  if (verb === undefined || argv.some((word) => BEYOND.has(word))) return Promise.resolve(null);
  return runCommandLine(argv, io, (context) =>
    runPlain(verb, rest, context).catch((error: unknown) => {
      // Thrown by what the build puts in the place of every module that is loaded later (see `scripts/build.ts`).
      if (systemCode(error) === 'NOT_IN_HOT') return null;
      throw error;
    }),
  );
}
