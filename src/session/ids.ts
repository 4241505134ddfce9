import { ulid } from 'ulid';

/** Ids sort by time of making and are safe as file names: a one-letter kind, a hyphen, a ULID in lower case. */
const make = (kind: string): string => `${kind}-${ulid().toLowerCase()}`;

export const newSessionId = (): string => make('s');
export const newPromptId = (): string => make('p');
export const newTurnId = (): string => make('t');
export const newDecisionId = (): string => make('d');
/** Of a plain command's durable session. */
export const newTerminalId = (): string => make('x');

const SESSION_ID = /^s-[0-9a-hjkmnp-tv-z]{26}$/;
export const isSessionId = (text: string): boolean => SESSION_ID.test(text);
