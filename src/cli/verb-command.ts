import type { Argument, Option } from 'commander';

type Parse<T> = (value: string, before: T) => T;

/**
 * What a verb declares itself with: commander's own methods, so that commander can take the declaration, and few
 * enough that `QuickCommand` can take it too.
 */
export interface VerbCommand {
  argument(name: string, text?: string): VerbCommand;
  option(flags: string, text?: string): VerbCommand;
  option<T>(flags: string, text: string, parse: Parse<T>): VerbCommand;
  requiredOption<T>(flags: string, text: string, parse: Parse<T>): VerbCommand;
  addArgument(argument: Argument): VerbCommand;
  addOption(option: Option): VerbCommand;
  addHelpText(position: 'after', text: string): VerbCommand;
  action(run: Action): VerbCommand;
}

/** Arguments in the order they were declared, then the options by name. Checked by neither parser. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each verb says what its own declaration gives it
export type Action = (...args: any[]) => Promise<void>;

/** A value that an option's parser refuses; the code is the one commander looks for. */
export class InvalidValue extends Error {
  readonly code = 'commander.invalidArgument';
  readonly exitCode = 2;
}
