import type { TurnFailure } from '../session/events.ts';

/**
 * Errors that agents pass on as prose. No agent has a field for them (measured: codex-acp 2.6, claude-agent-acp 0.100,
 * gemini 0.61, pi-acp 0.0.34, copilot 1.0), so their text is all there is. Only texts that say nothing else are read this
 * way: an agent that writes about a rate limit it has implemented has no trouble.
 */
export type Trouble = Extract<
  TurnFailure,
  'quota' | 'rate-limit' | 'auth-required' | 'cut-stream' | 'error-as-success'
>;

/** Tried in order: a used-up quota also comes with status 429, and a login that ran out with 401. */
const WORDS: readonly (readonly [Exclude<Trouble, 'error-as-success'>, RegExp])[] = [
  [
    'quota',
    /usage limit|(?:session|weekly|daily|monthly|5-hour|hourly) limit|hit your limit|quota (?:exceeded|exhausted|reached|will reset)|exceeded (?:your|the) (?:current )?quota|exhausted your .{0,40}quota|insufficient_quota|out of (?:extra )?(?:usage|credits)|credit balance is too low/i,
  ],
  [
    'rate-limit',
    /\b(?:429|529)\b|rate.?limit|too many requests|resource.?exhausted|overloaded|at capacity|\b503\b|service unavailable/i,
  ],
  [
    'auth-required',
    /\b401\b|unauthorized|unauthenticated|not logged in|authentication (?:required|failed|error)|authentication_error|failed to authenticate|invalid (?:api|x-api)[- ]key|run \/login|please log ?in|(?:token|login|credentials?) (?:has |have )?expired/i,
  ],
  [
    'cut-stream',
    /stream (?:was )?(?:disconnected|closed|ended|interrupted|broke)|disconnected before completion|premature(?:ly)? close|socket hang up|econnreset|econnrefused|connection (?:was )?(?:reset|closed|lost|refused|error)|fetch failed|network error|error sending request|unexpected end of/i,
  ],
];

/** Which trouble the text of an error is about; null: some other one. */
export const troubleIn = (errorText: string): Exclude<Trouble, 'error-as-success'> | null =>
  WORDS.find(([, pattern]) => pattern.test(errorText))?.[0] ?? null;

/** A longer text is an answer, whatever it begins with. */
const MAX_ERROR_CHARS = 800;
/** How an error begins that an adapter put where the answer belongs. */
const BEGINS_AS_ERROR =
  /^[^\w]*(?:api error|error\b|an error occurred|internal (?:server )?error|request failed|failed to (?:authenticate|connect|reach|fetch|get a response)|authentication (?:failed|required|error)|unauthorized|not logged in|invalid (?:api|x-api)[- ]key|you(?:'|’)?ve (?:hit|reached|exceeded|exhausted)|you have (?:hit|reached|exceeded|exhausted)|(?:claude )?(?:ai )?usage limit|quota (?:exceeded|exhausted)|rate limit|too many requests|(?:401|402|403|408|409|429|500|502|503|504|529)\b|stream (?:disconnected|closed)|connection (?:error|reset|closed)|fetch failed|credit balance)/i;
/** What adapters say of themselves before it: codex-acp warns of model data it lacks, copilot names a file. */
const PREAMBLE = /^(?:warning|info): [^\n]*\n+/i;
/** pi-acp tells its attempts, and says that it resumes also when it gave up. */
const RETRIES = /retrying \(attempt \d+\/\d+[^)]*\)\.*|retry finished, resuming\.?/gi;

/**
 * What the last message of a turn that ended as a success is in truth; null: an answer.
 * @param text of the last message, whole
 */
export function errorShownAsAnswer(text: string): Trouble | null {
  const said = withoutPreamble(text.trim());
  const rest = said.replace(RETRIES, '').trim();
  if (rest === '') return said === '' ? null : 'cut-stream';
  if (rest.length > MAX_ERROR_CHARS || rest.includes('```') || !BEGINS_AS_ERROR.test(rest)) return null;
  return troubleIn(rest) ?? 'error-as-success';
}

function withoutPreamble(text: string): string {
  const rest = text.replace(PREAMBLE, '');
  return rest === text ? text : withoutPreamble(rest);
}
