import type { Callback, CallbackResult } from '../session/callback.ts';
import { isJson } from '../text/is-json.ts';
import { parseCallback } from './parse.ts';

/** Beyond this a block is not a callback; agents write a few hundred bytes. */
const MAX_BLOCK_CHARS = 64 * 1024;

/**
 * Finds the callback of a turn in its messages, newest message first. Within a message the last valid block with
 * our nonce wins. Adapters glue text to the fence on both sides (measured: codex-acp warnings, pi's "Retry finished"),
 * so the fence is looked for anywhere in the text, not only at a line start.
 *
 * A block that is damaged, or carries another nonce, is reported so that the agent can be told what was wrong.
 */
export function extractCallback(
  messages: readonly string[],
  expected: { nonce: string; taskId: string },
): CallbackResult {
  let problem: string | null = null;
  for (const message of messages) {
    for (const block of fencedBlocks(message).toReversed()) {
      const parsed = parseCallback(block);
      if (parsed.type === 'problem') {
        problem ??= parsed.problem;
        continue;
      }
      const mismatch = mismatchOf(parsed.callback, expected);
      if (mismatch === null) return { type: 'valid', callback: parsed.callback };
      problem ??= mismatch;
    }
  }
  return problem === null ? { type: 'missing' } : { type: 'malformed', problem };
}

function mismatchOf(callback: Callback, expected: { nonce: string; taskId: string }): string | null {
  if (callback.nonce !== expected.nonce) {
    return `the "nonce" was ${JSON.stringify(callback.nonce.slice(0, 40))}, which is not the one given for this turn`;
  }
  if (callback.task_id !== expected.taskId) {
    return `the "task_id" was ${JSON.stringify(callback.task_id.slice(0, 60))} instead of ${JSON.stringify(expected.taskId)}`;
  }
  return null;
}

/**
 * The contents of all callback-json fences, in order; an unclosed last one counts to the end of the text.
 * A summary may itself hold a fence, so a block ends at the first closing fence that leaves whole JSON before it,
 * and only if none does, at the first closing fence.
 */
function fencedBlocks(text: string): string[] {
  const blocks: string[] = [];
  const opening = /(`{3,}|~{3,})[ \t]*callback-json\b[^\n]*(?:\r?\n|$)/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const fence = match[1] ?? '```';
    const start = opening.lastIndex;
    const closes = closingFences(text, fence, start);
    const end = closes.find((close) => isJson(text.slice(start, close))) ?? closes[0] ?? text.length;
    if (end - start <= MAX_BLOCK_CHARS) blocks.push(text.slice(start, end));
    if (closes.length > 0) opening.lastIndex = end + fence.length;
  }
  return blocks;
}

function closingFences(text: string, fence: string, start: number): number[] {
  const found: number[] = [];
  let at = text.indexOf(fence, start);
  while (at >= 0 && at - start <= MAX_BLOCK_CHARS && found.length < 16) {
    found.push(at);
    at = text.indexOf(fence, at + fence.length);
  }
  return found;
}
