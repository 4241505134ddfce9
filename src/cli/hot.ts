import { runCommandLine, runPlain } from './command-line.ts';
import * as cancel from './commands/cancel.ts';
import * as status from './commands/status.ts';
import * as tell from './commands/tell.ts';
import { processIo, type Io } from './io.ts';
import type { VerbModule } from './verbs.ts';

/**
 * The verbs that people and scripts type all day, with all they need in one place: starting them from one file costs
 * half of what starting them from fifteen does. Keep `bin.ts` in step.
 */
const HOT: Readonly<Record<string, VerbModule>> = { cancel, ls: status, status, tell };

/** As `main`, for a plain command line of a hot verb; null, with nothing done, for every other. */
export function hot(argv: readonly string[], io: Io = processIo()): Promise<number | null> {
  const [first = '', ...rest] = argv;
  const verb = Object.hasOwn(HOT, first) ? HOT[first] : undefined;
  if (verb === undefined) return Promise.resolve(null);
  return runCommandLine(argv, io, (context) => runPlain(verb, rest, context));
}
