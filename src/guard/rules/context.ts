import type { Denial, GuardFacts, RuleName } from '../facts.ts';

/** What a rule sees of one command. */
export interface RuleContext {
  readonly facts: GuardFacts;
  /** Every directory it may run in. */
  readonly places: readonly string[];
  /** Variables set for this command alone, or exported before it; only those whose value is known to differ. */
  readonly variable: (name: string) => readonly string[] | null;
  /** Judges another command line on the way, as if it stood in this one's place. */
  readonly judgeText: (text: string) => void;
  readonly unseen: (what: string) => void;
}

/** One rule: argument vector in, the reason to refuse or null out. `argv[0]` is the program's bare name. */
export type Rule = (argv: readonly string[], context: RuleContext) => Denial | null;

export const denial = (rule: RuleName, what: string, instead: string): Denial => ({
  rule,
  reason: `The guard of conduxt refused this: ${what}. ${instead}`,
});

/** What an agent does instead of touching the primary branch. */
export const ownBranch = ({ taskBranch }: GuardFacts): string =>
  taskBranch === null
    ? 'Work on a branch of your own, and leave the primary branch to a person.'
    : `Stay on your branch ${taskBranch}; conduxt pushes it and opens the pull request.`;
