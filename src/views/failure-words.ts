import type { TurnFailure } from '../session/events.ts';

/** Why a turn failed or has no known outcome, for people. */
export const failureWords: Readonly<Record<TurnFailure, string>> = {
  'empty-turn': 'empty turn: the agent ended its turn without saying or doing anything',
  'agent-error': 'the agent answered with an error',
  'agent-exited': 'the agent ended in the middle of its turn',
  'conversation-lost': 'the agent no longer has the conversation it was to go on with',
  'no-first-sign': 'the agent gave no sign of life',
  'turn-timeout': 'the turn took longer than it may',
  'cancel-timeout': 'the agent did not react to the cancel and was ended',
  'unknown-stop-reason': 'the agent stopped for a reason conduxt does not know',
  refusal: 'the agent refused',
  'max-tokens': 'the agent ran out of tokens',
  'max-turn-requests': 'the agent used up its requests for one turn',
  'auth-required': 'login lost: the agent is not logged in, or not any more',
  quota: 'quota reached: the agent has used up what its model allows',
  'rate-limit': 'rate limit: the model wants to be asked less often, or is overloaded',
  'cut-stream': 'cut stream: the model broke off in the middle of its answer',
  'error-as-success': 'error shown as success: the agent ended its turn normally with an error as its answer',
  'host-lost': 'conduxt itself was interrupted during the turn',
};

/** So much is shown of why a task ended: the command that failed, where, and what it said, which comes last. */
export const REASON_CHARS = 500;
