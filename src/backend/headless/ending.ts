import type { Usage } from '../../session/events.ts';
import { endOf } from '../../text/cut.ts';
import type { Answer } from '../acp/connection.ts';
import type { Told } from './told.ts';

/** What was seen of one run of a headless agent when it is over. */
export interface RunFacts {
  /** The last end it told; null when it told none. */
  readonly end: Extract<Told, { readonly type: 'end' }> | null;
  /** The last problem it told outside of an end. */
  readonly problem: string | null;
  /** It said or did something. */
  readonly hasBegun: boolean;
  /** Null: nobody knows how it ended, because it is out of our reach. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** It lingered after its end and was ended by us: how is no news. */
  readonly lingered: boolean;
  /** Its stream tells no end: leaving with 0 is one. */
  readonly endsByExit: boolean;
  readonly stderr: string;
  /** How it says that it has no such conversation; null when none was to be gone on with. */
  readonly unknownConversation: RegExp | null;
  readonly usage: Usage | null;
}

export type Ending = Answer | { readonly type: 'conversation-lost'; readonly why: string };

const STDERR_CHARS = 1000;

/**
 * How the run ended, by its stream and its exit together: neither a good end with a bad exit nor a good exit without an
 * end is a success, and an agent that is gone in the middle of its work has an unknown outcome, never a good one.
 */
export function endingOf(facts: RunFacts): Ending {
  const { end, problem, exitCode, signal, usage } = facts;
  const lost = conversationLost(facts);
  if (lost !== null) return { type: 'conversation-lost', why: lost };
  if (end !== null && end.problem !== null) return failed(end.problem);
  const how = signal === null ? `exited with code ${exitCode ?? 'unknown'}` : `was ended by ${signal}`;
  const words = withStderr(`the agent ${how}`, facts.stderr);
  const isClean = exitCode === 0 || facts.lingered;
  if (end !== null || (facts.endsByExit && exitCode === 0)) {
    if (isClean) return { type: 'result', result: { stopReason: end?.stopReason ?? 'end_turn', usage: usage ?? null } };
    return signal === null && exitCode !== null
      ? failed(`${words} although it had ended its turn`)
      : { type: 'lost', why: words };
  }
  const leftByItself = signal === null && exitCode !== null && exitCode !== 0;
  if (leftByItself && problem !== null) return failed(problem);
  // What it did not begin needs no recovery: bad arguments, a missing login.
  if (leftByItself && !facts.hasBegun) return failed(words);
  return { type: 'lost', why: exitCode === 0 ? `${words} without a word about the end of its turn` : words };
}

function conversationLost({ unknownConversation, hasBegun, end, stderr }: RunFacts): string | null {
  if (unknownConversation === null || hasBegun) return null;
  const said = [end?.problem ?? '', stderr].find((text) => unknownConversation.test(text));
  return said === undefined ? null : endOf(said.trim(), STDERR_CHARS);
}

const failed = (message: string): Answer => ({ type: 'error', error: { code: -32603, message, data: undefined } });

function withStderr(text: string, stderr: string): string {
  const lastWords = endOf(stderr.trim(), STDERR_CHARS);
  return lastWords === '' ? text : `${text}; its last words: ${lastWords}`;
}
