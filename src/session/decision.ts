import { BUDGET_DECISION } from './budget.ts';
import { CRASH_DECISION } from './crash.ts';

/** Something only a person, or the calling agent, can answer. */
export interface Decision {
  readonly id: string;
  readonly kind: 'permission' | 'clarification' | 'gate' | 'login' | 'dialog';
  /** One line, sanitized, safe to print. */
  readonly question: string;
  /** Facts to decide by: command, path, tool. Sanitized; a value may have several lines. */
  readonly facts: Readonly<Record<string, string>>;
  readonly choices: readonly string[];
  /** ISO time after which `fallback` is taken, or null when it waits for ever. */
  readonly deadline: string | null;
  readonly fallback: string | null;
}

export type DecisionEnd =
  | { readonly type: 'answered'; readonly answer: string; readonly by: 'person' | 'policy' }
  | { readonly type: 'expired'; readonly answer: string }
  | { readonly type: 'withdrawn' };

/**
 * It holds up the running turn, which waits for its answer and withdraws it when it ends: a permission, or what an agent in
 * a terminal shows in the middle of its work. All others stand between turns, under ids that name what they are about.
 */
export const isOfTurn = ({ kind, id }: Decision): boolean =>
  kind === 'permission' || (kind === 'dialog' && id.startsWith('d-'));

/** Prompts that are owed wait for its answer; any other question is overtaken by what a person says next. */
export const holdsPrompts = (decision: Decision): boolean => {
  const { kind, id } = decision;
  if (isOfTurn(decision)) return false;
  return kind === 'dialog' || kind === 'login' || id.startsWith(BUDGET_DECISION) || id.startsWith(CRASH_DECISION);
};
