import type { Callback, CallbackResult } from '../session/callback.ts';
import { unreachable } from '../errors.ts';

/** A prompt that its agent is said never to have had is handed over again this often; then it is no accident. */
export const MAX_RETURNS = 2;

/** What is known of a turn of which nobody saw the end. */
export interface TurnEvidence {
  /** A person wanted its end: whatever came of it, it is over. */
  readonly cancelRequested: boolean;
  /** The session was stopped, or its task has ended: nothing is owed again. */
  readonly isOver: boolean;
  /** The callback in what was written down while it ran. */
  readonly callback: CallbackResult;
  /** The agent did or said anything in it. */
  readonly isSignOfLife: boolean;
  /** What the agent itself remembers; null when it cannot be asked, or did not answer. */
  readonly history: HistoryEvidence | null;
  /** Whether a file, the index or HEAD may have changed since the prompt was handed over; null when nobody can say. */
  readonly worktreeTouched: boolean | null;
  /** How often this prompt was handed over again already. */
  readonly returns: number;
}

export interface HistoryEvidence {
  /**
   * `there`: the agent has the prompt. `missing`: its history is that of this conversation, ends before the prompt, and
   * can be trusted to. `unclear`: anything else.
   */
  readonly prompt: 'there' | 'missing' | 'unclear';
  /** In what the agent said behind the prompt, or, where that is not to be seen, at all. */
  readonly callback: CallbackResult;
}

export type Settlement =
  | { readonly type: 'cancelled' }
  /** The agent has done what it was asked; only the end of its turn was not heard. */
  | { readonly type: 'done'; readonly callback: Callback; readonly by: 'transcript' | 'history' }
  /** The agent never had the prompt: it is owed again. */
  | { readonly type: 'return' }
  /** `isKnown`: the agent's history has the prompt, and no end of it. */
  | { readonly type: 'unknown'; readonly isKnown: boolean };

/**
 * What became of a turn whose end nobody saw. An agent that has sent its valid callback, with the nonce of the turn, is
 * done. A prompt counts as never heard only when nothing at all speaks against it: the agent's own history ends before
 * it, no sign of life was seen, and the worktree is as it was. To send it twice would be worse than to ask.
 */
export function settleUnknown(evidence: TurnEvidence): Settlement {
  const { callback, history, worktreeTouched, isSignOfLife, returns } = evidence;
  if (evidence.cancelRequested) return { type: 'cancelled' };
  if (callback.type === 'valid') return { type: 'done', callback: callback.callback, by: 'transcript' };
  if (history === null) return { type: 'unknown', isKnown: false };
  // Its nonce was in the prompt and nowhere else: also where the history tells no prompts any more (compacted, say).
  if (history.callback.type === 'valid') return { type: 'done', callback: history.callback.callback, by: 'history' };
  switch (history.prompt) {
    case 'there':
      return { type: 'unknown', isKnown: true };
    case 'missing':
      if (isSignOfLife || worktreeTouched !== false || returns >= MAX_RETURNS)
        return { type: 'unknown', isKnown: false };
      return { type: evidence.isOver ? 'cancelled' : 'return' };
    case 'unclear':
      return { type: 'unknown', isKnown: false };
    default:
      return unreachable(history.prompt, 'place of a prompt in a history');
  }
}

/** What a history holds, from the first to the last, as far as it could be told apart. */
export interface HeardHistory {
  /** How many of the user's messages are the prompt in question, and how often the same words were handed over before. */
  readonly ours: number;
  readonly oursBefore: number;
  /** What the last of the user's messages is. */
  readonly last: 'none' | 'ours' | 'the-one-before' | 'other';
  /** No prompt was handed over before the one in question. */
  readonly isFirst: boolean;
  /** Behind the last of them, something was said or done that is not known of the turn before. */
  readonly isAtWork: boolean;
  /** It was over when the agent said so. */
  readonly isWhole: boolean;
}

/** Where a prompt is in a history. Empty is proof only of a conversation in which nothing was said before. */
export function placeOf(heard: HeardHistory): HistoryEvidence['prompt'] {
  const { ours, oursBefore, last, isFirst, isAtWork, isWhole } = heard;
  if (ours > oursBefore) return 'there';
  // Words that were handed before may never have arrived, or may be gone: how many there should be, nobody knows.
  if (oursBefore > 0 || isAtWork || !isWhole) return 'unclear';
  if (last === 'none') return isFirst ? 'missing' : 'unclear';
  return last === 'the-one-before' ? 'missing' : 'unclear';
}
