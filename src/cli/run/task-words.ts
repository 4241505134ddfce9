import { parseTaskWords } from '../../intake/sources.ts';

/**
 * The tasks in the arguments of `run`. One argument is one task, several are several, but a sentence typed without
 * quotes (`conduxt run fix issue 78`) is one: no part of it has a space, and not every part names an issue by itself.
 */
export function tasksIn(args: readonly string[]): readonly string[] {
  if (args.length < 2) return args;
  const separate =
    args.some((arg) => /\s/.test(arg.trim())) || args.every((arg) => parseTaskWords(arg).type !== 'text');
  return separate ? args : [args.join(' ')];
}
