import type { FoldedSession } from '../session/fold/session-fold.ts';

/** The callback is for programs: people read its summary. */
const CALLBACK_BLOCK = /\n?(`{3,})callback-json[^\n]*\n[\s\S]*?(?:^\1`*[ \t]*$|$(?![\s\S]))\n?/gm;

/** An agent's message without its callback block. */
export const withoutCallback = (text: string): string => text.replace(CALLBACK_BLOCK, '\n').trim();

/** What the agent says it did: the summary of its last turn's callback; null without a valid one. */
export function callbackSummary({ turns }: FoldedSession): string | null {
  const callback = turns.last?.end.callback;
  return callback?.type === 'valid' ? callback.callback.summary : null;
}
