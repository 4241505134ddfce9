/** Ids sort by time of making and are safe as file names: a one-letter kind, a hyphen, a ULID in lower case. */
const make = (kind: string): string => `${kind}-${ulid(Date.now())}`;

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * 48 bits of time and 80 by chance (github.com/ulid/spec). An id has to be unlike every other, not hard to guess, so
 * chance is `Math.random`, which each process seeds from the system's own: the package `ulid` loads `node:crypto`,
 * which costs each `tell` five milliseconds.
 */
function ulid(atMs: number): string {
  let text = '';
  for (let left = atMs, digits = 10; digits > 0; digits -= 1, left = Math.floor(left / 32)) {
    text = (DIGITS[left % 32] ?? '') + text;
  }
  for (let digits = 16; digits > 0; digits -= 1) text += DIGITS[Math.floor(Math.random() * 32)] ?? '';
  return text;
}

export const newSessionId = (): string => make('s');
export const newPromptId = (): string => make('p');
export const newTurnId = (): string => make('t');
export const newDecisionId = (): string => make('d');
/** Of a plain command's durable session. */
export const newTerminalId = (): string => make('x');

const SESSION_ID = /^s-[0-9a-hjkmnp-tv-z]{26}$/;
export const isSessionId = (text: string): boolean => SESSION_ID.test(text);
