import type { Denial } from '../facts.ts';
import { isLong, parseOptions } from '../shell/options.ts';
import { UNKNOWN } from '../shell/value.ts';
import { coversPrimary, isPrimary } from './branch-names.ts';
import { denial, ownBranch, type RuleContext } from './context.ts';
import { isAtHome, type GitCommand } from './git-command.ts';

interface Wish {
  readonly isForced: boolean;
  /** `--mirror`, `--all`, `--branches`, `--prune`: more than the branches that are named. */
  readonly isEverything: boolean;
  readonly isDelete: boolean;
  readonly refspecs: readonly string[];
  readonly hasUnknown: boolean;
}

/** `git push`, in every spelling that reaches the primary branch, and forced pushes that do not say what they move. */
export function judgePush(command: GitCommand, context: RuleContext): Denial | null {
  const { facts } = context;
  const wish = pushWish(command);
  const { primaryBranch: primary } = facts;
  const forced = wish.isForced || wish.refspecs.some((refspec) => refspec.startsWith('+'));
  if (wish.isEverything) {
    return denial('force-push', `this push reaches every branch, also ${primary}`, ownBranch(facts));
  }
  for (const refspec of wish.refspecs) {
    const found = judgeRefspec(refspec, forced, wish.isDelete, command, context);
    if (found !== null) return found;
  }
  if (wish.hasUnknown) {
    return denial('unreadable', 'the guard cannot see to which branch this pushes', 'Write the branch’s name out.');
  }
  if (wish.refspecs.length > 0) return null;
  if (forced) {
    return denial('force-push', 'a forced push that names no branch may move any', 'Name your own branch in it.');
  }
  if (!isAtHome(command, context)) {
    return denial('primary-push', 'this pushes from a checkout that is not yours', ownBranch(facts));
  }
  for (const [key, value] of command.settings) {
    if (/^remote\..*\.push$/.test(key)) {
      const found = judgeRefspec(value, value.startsWith('+'), false, command, context);
      if (found !== null) return found;
    }
  }
  const configured = command.settings.get('push.default');
  if (configured !== undefined && !['simple', 'current', 'nothing'].includes(configured)) {
    return denial('primary-push', `push.default=${configured} may push ${primary}`, ownBranch(facts));
  }
  return null;
}

function judgeRefspec(
  refspec: string,
  isForced: boolean,
  isDelete: boolean,
  command: GitCommand,
  context: RuleContext,
): Denial | null {
  const { facts } = context;
  const { primaryBranch: primary } = facts;
  const bare = refspec.replace(/^\+/, '');
  const colon = bare.indexOf(':');
  const [source, target] = colon < 0 ? [bare, bare] : [bare.slice(0, colon), bare.slice(colon + 1)];
  const what = isForced ? 'a force push to' : isDelete || (colon >= 0 && source === '') ? 'deleting' : 'a push to';
  const rule = isForced ? 'force-push' : 'primary-push';
  const primaryPush = (): Denial => denial(rule, `${what} the primary branch (${primary})`, ownBranch(facts));
  // `:` alone pushes all branches both sides have.
  if (bare === ':') return denial(rule, `this push reaches every branch, also ${primary}`, ownBranch(facts));
  if (colon < 0 && (bare === 'HEAD' || bare === '@')) return isAtHome(command, context) ? null : primaryPush();
  if (coversPrimary(target === '' ? source : target, facts)) return primaryPush();
  // `main:` means the same name at the other side.
  if (colon >= 0 && target === '' && isPrimary(source, facts)) return primaryPush();
  if (target.includes(UNKNOWN)) {
    return denial('unreadable', 'the guard cannot see to which branch this pushes', 'Write the branch’s name out.');
  }
  return null;
}

function pushWish({ subcommand, args }: GitCommand): Wish {
  const { options, operands } = parseOptions(args, {
    letters: 'o',
    longs: ['repo', 'push-option', 'receive-pack', 'exec', 'recurse-submodules', 'prefix', 'P'],
  });
  const has = (letter: string, name: string, minChars: number): boolean =>
    options.some(([given]) => given === letter || isLong(given, name, minChars));
  const hasRepo = options.some(([given]) => isLong(given, 'repo', 3));
  // A remote that is not known may be several words, a branch among them.
  const refspecs = hasRepo && subcommand === 'push' ? operands : operands.slice(1);
  return {
    isForced: has('f', 'force', 3) || has('', 'force-with-lease', 6),
    isEverything: has('', 'mirror', 1) || has('', 'all', 1) || has('', 'branches', 1) || has('', 'prune', 3),
    isDelete: has('d', 'delete', 2),
    refspecs: refspecs.flatMap((refspec) => (refspec === 'tag' ? [] : [refspec])),
    hasUnknown: operands.includes(UNKNOWN) || options.some(([given]) => given.includes(UNKNOWN)),
  };
}
