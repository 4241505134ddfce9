import type { AwaitingPhase } from '../session/words.ts';

/** What a task whose work is delivered waits for. */
export const awaitedWords = (phase: AwaitingPhase): string => (phase === 'awaiting_ci' ? 'CI' : 'a review');
