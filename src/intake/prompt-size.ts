import { usageError, type ConduxtError } from '../errors.ts';

/** The longest task: more is a data set, not a description. */
export const MAX_PROMPT_BYTES = 1024 * 1024;

/** Checks text that came as a whole (arguments). */
export function checkSize(text: string, what: string): string {
  if (Buffer.byteLength(text) > MAX_PROMPT_BYTES) throw tooLarge(what);
  return text;
}

export const tooLarge = (what: string): ConduxtError =>
  usageError('prompt-too-large', `${what} is longer than ${MAX_PROMPT_BYTES / 1024} KiB.`, {
    remedy: 'Put the material into a file of the repository and name it in a short task.',
    facts: { maxBytes: MAX_PROMPT_BYTES },
  });
