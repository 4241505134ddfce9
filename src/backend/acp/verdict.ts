import { errorShownAsAnswer, troubleIn } from '../../route/trouble.ts';
import type { TurnFailure } from '../../session/events.ts';
import { beginningOf } from '../../text/cut.ts';
import type { TurnEnd } from '../backend.ts';
import type { Answer } from './connection.ts';
import { textAt } from './json.ts';
import { errorText, type RpcError } from './message.ts';

/** Why we ended the turn ourselves; null when we did not. */
export type Intent = 'cancel' | 'no-first-sign' | 'turn-timeout' | null;

export interface TurnFacts {
  readonly intent: Intent;
  /** The agent did not end the turn in time after it was told to, and was ended. */
  readonly cancelExpired: boolean;
  readonly answer: Answer;
  /** A message with text, a tool call or a plan was seen. */
  readonly hasEvidence: boolean;
  /** The last message, whole; empty when there was none. */
  readonly lastMessage: string;
}

export type Verdict = Pick<TurnEnd, 'verdict' | 'stopReason' | 'failure' | 'detail'>;

const AUTH_REQUIRED = -32000;
const MAX_DETAIL_CHARS = 4000;

/**
 * Judges a turn by what we asked for and what was seen; the stop reason comes last, because agents report failed turns
 * as `end_turn`, cancelled ones as anything, and normal ones as `cancelled`.
 */
export function judge(facts: TurnFacts): Verdict {
  const { answer, intent } = facts;
  const stopReason = answer.type === 'result' ? textAt(answer.result, 'stopReason') : null;
  const base = { stopReason, ...detailOf(answer) };
  if (intent === 'cancel') {
    return { verdict: 'cancelled', ...base, ...(facts.cancelExpired ? { failure: 'cancel-timeout' } : {}) };
  }
  if (intent !== null) return { verdict: 'failed', failure: intent, ...base };
  if (answer.type === 'lost') return { verdict: 'unknown', failure: 'agent-exited', ...base };
  if (answer.type === 'error') {
    return { verdict: 'failed', failure: failureOfError(answer.error), ...base };
  }
  const failure = failureOf(stopReason, facts.hasEvidence);
  if (failure === null) {
    const trouble = errorShownAsAnswer(facts.lastMessage);
    return trouble === null
      ? { verdict: 'done', ...base }
      : { verdict: 'failed', failure: trouble, ...base, detail: shorten(facts.lastMessage.trim()) };
  }
  const unknown = failure === 'unknown-stop-reason' ? { detail: shorten(JSON.stringify(answer.result)) } : {};
  return { verdict: 'failed', failure, ...base, ...unknown };
}

/** The text first: codex once answered -32000, which asks for a login, when its quota was used up (codex-acp#244). */
function failureOfError(error: RpcError): TurnFailure {
  const trouble = troubleIn(errorText(error));
  if (trouble !== null) return trouble;
  return error.code === AUTH_REQUIRED ? 'auth-required' : 'agent-error';
}

function failureOf(stopReason: string | null, hasEvidence: boolean): TurnFailure | null {
  switch (stopReason) {
    // `cancelled` although we did not ask: codex ends a turn so when a permission was refused, others end normal turns so.
    case 'cancelled':
    case 'end_turn':
      return hasEvidence ? null : 'empty-turn';
    case 'refusal':
      return 'refusal';
    case 'max_tokens':
      return 'max-tokens';
    case 'max_turn_requests':
      return 'max-turn-requests';
    default:
      return 'unknown-stop-reason';
  }
}

function detailOf(answer: Answer): { readonly detail?: string } {
  switch (answer.type) {
    case 'result':
      return {};
    case 'lost':
      return { detail: shorten(answer.why) };
    case 'error':
      return { detail: shorten(errorText(answer.error)) };
  }
}

const shorten = (text: string): string =>
  text.length > MAX_DETAIL_CHARS ? `${beginningOf(text, MAX_DETAIL_CHARS)}…` : text;
