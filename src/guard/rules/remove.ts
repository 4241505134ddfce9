import type { Denial } from '../facts.ts';
import { isLong, parseOptions } from '../shell/options.ts';
import { absolutePath, isWithin, shown } from '../shell/value.ts';
import { denial, type Rule, type RuleContext } from './context.ts';
import { isAtHome, type GitCommand } from './git-command.ts';

/** `rm -r`, with or without force, outside of the worktree. */
export const judgeRm: Rule = (argv, context) => {
  const { options, operands } = parseOptions(argv.slice(1), {});
  const isRecursive = options.some(([name]) => name === 'r' || name === 'R' || isLong(name, 'recursive', 1));
  return isRecursive ? removes(operands, context, `${argv[0] ?? 'rm'} -r`) : null;
};

/** Programs that remove whole directories without being asked twice. */
export const judgeRimraf: Rule = (argv, context) => {
  const { operands } = parseOptions(argv.slice(1), {});
  return removes(operands, context, argv[0] ?? 'rimraf');
};

/** `find … -delete`. What it executes is judged as a command of its own. */
export const judgeFind: Rule = (argv, context) =>
  argv.includes('-delete') ? removes(findRoots(argv), context, 'find -delete') : null;

/** The directories `find` starts from. */
export function findRoots(argv: readonly string[]): readonly string[] {
  let at = 1;
  while (/^-(?:[HLP]|D|O\d)$/.test(argv[at] ?? '')) at += argv[at] === '-D' ? 2 : 1;
  const end = argv.findIndex((arg, index) => index >= at && /^[-(!,)]/.test(arg));
  const roots = argv.slice(at, end < 0 ? undefined : end);
  return roots.length === 0 ? ['.'] : roots;
}

/** `rsync --delete` empties where it copies to. */
export const judgeRsync: Rule = (argv, context) => {
  const { options, operands } = parseOptions(argv.slice(1), {
    letters: 'efT',
    longs: ['exclude', 'include', 'filter', 'rsh'],
  });
  const target = operands.at(-1);
  const isRemote = target !== undefined && /^[^/]*:/.test(target);
  const deletes = options.some(([name]) => name.startsWith('del'));
  return deletes && target !== undefined && !isRemote ? removes([target], context, 'rsync --delete') : null;
};

export function judgeClean(command: GitCommand, context: RuleContext): Denial | null {
  const { options, operands } = parseOptions(command.args, { letters: 'e', longs: ['exclude'] });
  if (options.some(([name]) => name === 'n' || isLong(name, 'dry-run', 2))) return null;
  if (!isAtHome(command, context)) {
    return denial('remove-outside', 'git clean outside of your worktree', INSIDE);
  }
  return removes(operands, { ...context, places: command.places }, 'git clean');
}

const INSIDE = 'Delete only inside your worktree; a directory from `mktemp -d` may be removed in the same command.';

/** Any target that is, or may be, outside. */
export function removes(targets: readonly string[], { facts, places }: RuleContext, what: string): Denial | null {
  for (const target of targets) {
    for (const place of places) {
      const absolute = absolutePath(target, place);
      if (absolute === null) {
        return denial('unreadable', `the guard cannot see what ${what} would delete`, `Write the path out. ${INSIDE}`);
      }
      if (!isWithin(absolute, facts.worktree)) {
        return denial('remove-outside', `${what} outside of your worktree (${shown(absolute)})`, INSIDE);
      }
    }
  }
  return null;
}
