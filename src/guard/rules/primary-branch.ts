import type { Denial, GuardFacts } from '../facts.ts';
import { parseOptions, splitOnce } from '../shell/options.ts';
import { coversPrimary, isPrimary } from './branch-names.ts';
import { denial, ownBranch, type RuleContext } from './context.ts';
import { isAtHome, type GitCommand } from './git-command.ts';

/** Every git command but `push` that checks the primary branch out or moves it. */
export function judgePrimary(command: GitCommand, context: RuleContext): Denial | null {
  const { facts } = context;
  // A session without a task works in its user's own checkout, whatever branch that is on.
  if (facts.taskBranch === null) return null;
  const what = touches(command, context);
  return what === null ? null : denial('primary-checkout', what, ownBranch(facts));
}

function touches(command: GitCommand, context: RuleContext): string | null {
  const { facts } = context;
  const isMain = (name: string | null | undefined): boolean =>
    name !== null && name !== undefined && isPrimary(name, facts);
  const named = `the primary branch (${facts.primaryBranch})`;
  const { args } = command;
  switch (command.subcommand) {
    case 'checkout':
      return checksOut(args, isMain) ? `checking out ${named}` : null;
    case 'switch': {
      const { options, operands } = parseOptions(args, {
        letters: 'cC',
        longs: ['create', 'force-create', 'orphan', 'conflict'],
      });
      const makes = options.some(([, value]) => isMain(value));
      const elsewhere = options.some(([name]) => /^(?:d|detach|c|C|create|force-create|orphan)$/.test(name));
      return makes || (isMain(operands[0]) && !elsewhere) ? `switching to ${named}` : null;
    }
    case 'reset':
      return isAtHome(command, context)
        ? null
        : 'resetting a checkout that is not yours, which may be on the primary branch';
    case 'branch':
      return movesBranch(args, isMain) ? `moving, renaming or deleting ${named}` : null;
    case 'update-ref':
      return args.some((arg) => isMain(arg)) ? `moving ${named}` : null;
    case 'symbolic-ref':
      return args.slice(1).some((arg) => isMain(arg)) ? `checking out ${named}` : null;
    case 'worktree':
      return worktree(args, isMain, command, context, named);
    case 'rebase': {
      const { operands } = parseOptions(args, { letters: 'sXx', longs: ['onto', 'strategy', 'exec'] });
      return isMain(operands[1]) ? `rebasing ${named}` : null;
    }
    case 'fetch':
    case 'pull':
      return args.some((arg) => coversTarget(arg, facts)) ? `moving ${named}` : null;
    default:
      return null;
  }
}

/** A path after the branch's name, or after `--`, takes files from it and stays where it is. */
function checksOut(args: readonly string[], isMain: (name: string | null | undefined) => boolean): boolean {
  const { options, operands, separator } = parseOptions(args, {
    letters: 'bB',
    longs: ['orphan', 'conflict', 'pathspec-from-file'],
  });
  if (options.some(([, value]) => isMain(value))) return true;
  if (options.some(([name]) => name === 'd' || name === 'detach' || name === 'pathspec-from-file')) return false;
  if (options.some(([name]) => name === 'b' || name === 'B' || name === 'orphan')) return false;
  return isMain(operands[0]) && operands.length === 1 && separator !== 0;
}

function movesBranch(args: readonly string[], isMain: (name: string | null | undefined) => boolean): boolean {
  const { options, operands } = parseOptions(args, { letters: 'u', longs: ['set-upstream-to', 'format', 'sort'] });
  const does = (...names: string[]): boolean => options.some(([name]) => names.includes(name));
  if (does('d', 'D', 'delete', 'm', 'M', 'move')) return operands.some((name) => isMain(name));
  if (does('c', 'C', 'copy')) return isMain(operands.at(-1));
  return does('f', 'force') && isMain(operands[0]);
}

function worktree(
  args: readonly string[],
  isMain: (name: string | null | undefined) => boolean,
  command: GitCommand,
  context: RuleContext,
  named: string,
): string | null {
  const [verb, ...rest] = args;
  const { options, operands } = parseOptions(rest, { letters: 'bB', longs: ['reason', 'orphan'] });
  if (verb === 'add') {
    const detaches = options.some(([name]) => name === 'd' || name === 'detach' || name === 'b' || name === 'B');
    return options.some(([, value]) => isMain(value)) || (isMain(operands[1]) && !detaches)
      ? `checking out ${named}`
      : null;
  }
  if (verb !== 'remove' && verb !== 'move') return null;
  const isOwn = operands.length > 0 && isAtHome({ places: operands }, context) && isAtHome(command, context);
  return isOwn ? null : 'removing or moving a worktree that is not yours';
}

/** `+x:main` of a fetch writes the local branch. */
function coversTarget(refspec: string, facts: GuardFacts): boolean {
  const [, target] = splitOnce(refspec, ':');
  // An address (`https://…`, `git@host:path`) has a colon as well; its path is no branch.
  return target !== undefined && !/^[a-z+]+:\/\//.test(refspec) && coversPrimary(target, facts);
}
