import type { Denial } from '../facts.ts';
import { parseOptions } from '../shell/options.ts';
import { UNKNOWN } from '../shell/value.ts';
import { isPrimary } from './branch-names.ts';
import { denial, type Rule, type RuleContext } from './context.ts';

const INSTEAD = 'Merging is a person’s decision; leave the pull request open.';
const merges = (what: string): Denial => denial('api-merge', what, INSTEAD);

/** Addresses and queries that merge, or write the primary branch, at GitHub, GitLab and Gitea. */
const MERGE_ADDRESS = /\/(?:pulls|merge_requests)\/[^/?\s]+\/merge\b|\/merges(?:[?\s"']|$)|\/merge-upstream\b/i;
const MERGE_QUERY =
  /\b(?:mergePullRequest|enablePullRequestAutoMerge|enqueuePullRequest|mergeBranch|mergeRequestAccept|createCommitOnBranch|updateRefs?|deleteRef)\b/;

function mergeAddress(args: readonly string[], { facts }: RuleContext): Denial | null {
  const all = args.join('\n');
  if (MERGE_ADDRESS.test(`/${all}`)) return merges('merging through the API');
  if (MERGE_QUERY.test(all)) return merges('merging, or writing a branch, through the API');
  const [, ref] = /\/git\/refs\/(heads\/[^\s?"']+)/.exec(all) ?? [];
  // Without a method or a field it only looks.
  const writes =
    /(?:^|\n)(?:-X|--method|--request|-d|--data\S*|-f|-F|--field|--raw-field|--input|-XPATCH|-XDELETE|-XPUT|-XPOST)/;
  if (ref !== undefined && isPrimary(ref, facts) && writes.test(all)) {
    return merges('moving the primary branch through the API');
  }
  const [, branch = facts.primaryBranch] = /\bbranch["']?\s*[=:]\s*["']?([^\s"'&,}]+)/.exec(all) ?? [];
  const puts = /(?:^|\n)(?:-X|--method|--request)[\n=]?(?:PUT|DELETE)\b/.test(all);
  if (/\/contents\//.test(all) && puts && isPrimary(branch, facts)) {
    return merges('committing to the primary branch through the API');
  }
  return null;
}

export const judgeGh: Rule = (argv, context) => {
  const { operands } = parseOptions(argv.slice(1), { letters: 'R', longs: ['repo', 'hostname'] });
  const [noun, verb] = operands;
  if (noun === 'pr' && (verb === 'merge' || verb === UNKNOWN)) return merges('merging a pull request');
  if (noun === 'alias' && verb === 'set') {
    const value = operands[3] ?? '';
    context.judgeText(value.startsWith('!') ? value.slice(1) : `gh ${value}`);
  }
  if (noun !== 'api') return null;
  return apiCall(argv, context);
};

export const judgeGlab: Rule = (argv, context) => {
  const { operands } = parseOptions(argv.slice(1), { letters: 'R', longs: ['repo'] });
  const [noun, verb] = operands;
  if (noun === 'mr' && ['merge', 'accept', UNKNOWN].includes(verb ?? '')) return merges('merging a merge request');
  return noun === 'api' ? apiCall(argv, context) : null;
};

/** tea: `tea pulls merge 5`; hub: `hub api …`, and everything git can do. */
export const judgeTea: Rule = (argv) =>
  ['pr', 'pull', 'pulls'].includes(argv[1] ?? '') && ['merge', 'm'].includes(argv[2] ?? '')
    ? merges('merging a pull request')
    : null;

/** curl, wget and their kind. */
export const judgeFetch: Rule = (argv, context) => {
  const found = mergeAddress(argv.slice(1), context);
  if (found === null && argv.some((arg) => arg === '-K' || arg === '--config')) {
    context.unseen(`the settings file of ${argv[0] ?? 'curl'}`);
  }
  return found;
};

function apiCall(argv: readonly string[], context: RuleContext): Denial | null {
  const found = mergeAddress(argv.slice(1), context);
  const readsQuery = argv.some((arg) => arg === '--input' || arg.startsWith('--input=') || /^query=@/.test(arg));
  if (found === null && argv.includes('graphql') && readsQuery) context.unseen('a query that is read from a file');
  return found;
}
