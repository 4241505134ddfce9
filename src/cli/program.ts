import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { ConduxtError, ExitCode, usageError } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { version } from '../version.ts';
import { usesColour } from './colours.ts';
import type { VerbContext } from './context.ts';
import type { Io } from './io.ts';
import { KEEP, verbIn, verbs, type Verb } from './verbs.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 task failed, 2 usage, 3 waits for a person, 4 not found, 5 agent or backend unavailable,
6 refused for safety, 7 timed out, 8 cancelled, 9 work safe but pull request blocked, 10 budget used up, 70 internal error, 74 disk,
75 held elsewhere (try later), 125-127 of exec itself, 130 interrupted (the work goes on).

Example:
  conduxt run "fix issue #78"

conduxt <command> --help says more.`;

/** The whole command line; of the verbs, only those in `loaded` know their options. */
export function buildProgram(context: VerbContext): Command {
  const program = new Command('conduxt')
    .description(
      'Makes coding agents finish real work: isolated worktree, durable prompts, tests run by conduxt, pull request.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(new Command('help').argument('[command]').summary('show help for a command').helpGroup(KEEP))
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput(outputFor(context.io))
    .showSuggestionAfterError(true);
  for (const verb of verbs) {
    const command = program
      .command(verb.name)
      .summary(verb.summary)
      .description(sentence(verb.summary))
      .helpGroup(verb.group);
    if (verb.alias !== undefined) command.alias(verb.alias);
  }
  return program;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Runs a command line. @returns the exit code; throws ConduxtError for everything a person can act on. */
export async function runProgram(argv: readonly string[], context: VerbContext): Promise<number> {
  const program = buildProgram(context);
  const wanted = argv[0] === 'help' ? verbIn(argv.slice(1)) : verbIn(argv);
  const [first, about] = argv;
  if (first === 'help' && wanted === undefined && about !== undefined && !about.startsWith('-') && about !== 'help') {
    throw usageError('unknown-command', `Unknown command '${oneLine(about, 60)}'.`, { remedy: 'See conduxt --help.' });
  }
  if (wanted !== undefined) await defineVerb(program, wanted, context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return exitOf(error, wanted, argv);
    throw error;
  }
  return context.exitCode;
}

/** Adds a verb's own arguments, options and help to the program. */
export async function defineVerb(program: Command, verb: Verb, context: VerbContext): Promise<Command> {
  const command = program.commands.find((each) => each.name() === verb.name);
  if (command === undefined) throw new Error(`no command ${verb.name}`);
  const loaded = await verb.load();
  loaded.define(command, context);
  refuseBothWays(command);
  return command;
}

/** `--verify x` with `--no-verify`: whichever came last would win, and nobody meant that. */
function refuseBothWays(command: Command): void {
  const given = new Map<string, string>();
  for (const option of command.options) {
    const attribute = option.attributeName();
    if (command.options.filter((other) => other.attributeName() === attribute).length < 2) continue;
    command.on(`option:${option.name()}`, () => {
      const other = given.get(attribute);
      given.set(attribute, option.name());
      if (other === undefined || other === option.name()) return;
      throw usageError('conflicting-options', `--${other} and --${option.name()} contradict each other.`, {
        remedy: 'Leave one of them out.',
      });
    });
  }
}

/** Help and version are results, unless nothing was asked for; all else commander throws is a mistake in the command line. */
function exitOf(error: CommanderError, verb: Verb | undefined, argv: readonly string[]): number {
  if (error.code === 'commander.help') return argv[0] === 'help' ? ExitCode.done : ExitCode.usage;
  if (error.exitCode === 0) return ExitCode.done;
  throw asUsageError(error, verb);
}

function asUsageError(error: CommanderError, verb: Verb | undefined): ConduxtError {
  const [first = '', suggestion] = error.message.split('\n');
  const message = first.replace(/^error: /, '');
  const hint = suggestion === undefined ? '' : `${suggestion.replace(/^\(|\)$/g, '')} `;
  const code = error.code.replace(/^commander\./, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const said = `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? '' : '.'}`;
  return new ConduxtError(code, verb?.mistakeExit ?? ExitCode.usage, said, {
    remedy: `${hint}See conduxt ${verb === undefined ? '' : `${verb.name} `}--help.`,
  });
}

function outputFor(io: Io): OutputConfiguration {
  return {
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    // The boundary in main.ts prints errors, in text or as JSON.
    outputError: () => {},
    getOutHelpWidth: () => io.stdout.columns ?? 100,
    getErrHelpWidth: () => io.stderr.columns ?? 100,
    getOutHasColors: () => usesColour(io.stdout, io.env),
    getErrHasColors: () => usesColour(io.stderr, io.env),
  };
}
