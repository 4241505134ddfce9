import type { Usage } from '../../session/events.ts';
import { beginningOf } from '../../text/cut.ts';
import type { JsonObject } from '../acp/json.ts';

/** What one event of a headless agent means to us. */
export type Told =
  /** The agent's own id of its conversation. */
  | { readonly type: 'named'; readonly nativeId: string }
  /** In ACP's vocabulary, as the transcript holds it. */
  | { readonly type: 'update'; readonly update: JsonObject }
  /** Something went wrong; whether the agent gets over it is not known yet. */
  | { readonly type: 'problem'; readonly text: string }
  /** Tokens of one call of the model; the calls of a turn add up. */
  | { readonly type: 'spent'; readonly usage: Usage }
  /** The turn is over, unless more follows. `problem`: it failed of that. `stopReason` in ACP's words. */
  | {
      readonly type: 'end';
      readonly stopReason: string;
      readonly problem: string | null;
      /** Of all of the turn, or of the conversation; absent: what was spent adds up. */
      readonly usage?: Usage;
    }

  /** Nothing more follows: it is about to exit. */
  | { readonly type: 'settled' };

/** One line of a stream, parsed. Tolerant: what is not known is kept as an event, what is only noise is left out. */
export type StreamReader = (event: unknown) => readonly Told[];

export const named = (nativeId: string | null): readonly Told[] =>
  nativeId === null || nativeId === '' ? [] : [{ type: 'named', nativeId }];

export const message = (text: string | null, messageId: string | null): readonly Told[] =>
  text === null || text === '' ? [] : [chunk('agent_message_chunk', text, messageId)];

export const thought = (text: string | null): readonly Told[] =>
  text === null || text === '' ? [] : [chunk('agent_thought_chunk', text, null)];

const chunk = (sessionUpdate: string, text: string, messageId: string | null): Told => ({
  type: 'update',
  update: { sessionUpdate, content: { type: 'text', text }, ...(messageId === null ? {} : { messageId }) },
});

export interface ToolFacts {
  readonly id: string;
  readonly title?: string | null;
  readonly kind?: string | null;
  readonly status: 'in_progress' | 'completed' | 'failed';
}

/** `tool_call` where a tool begins, `tool_call_update` for what comes later. */
export const tool = (
  sessionUpdate: 'tool_call' | 'tool_call_update',
  { id, title, kind, status }: ToolFacts,
): readonly Told[] => [
  {
    type: 'update',
    update: {
      sessionUpdate,
      toolCallId: id,
      ...(title === null || title === undefined ? {} : { title: beginningOf(title, MAX_TITLE_CHARS) }),
      ...(kind === null || kind === undefined ? {} : { kind }),
      status,
    },
  },
];

const MAX_TITLE_CHARS = 300;

/** Kept whole in the transcript; nothing is read from it. */
export const otherEvent = (event: unknown): readonly Told[] => [
  { type: 'update', update: { sessionUpdate: 'agent_event', event } },
];

/** The session's cost so far. */
export const cost = (amount: number | null, currency: string): readonly Told[] =>
  amount === null ? [] : [{ type: 'update', update: { sessionUpdate: 'usage_update', cost: { amount, currency } } }];

export function end(
  problem: string | null,
  facts: { stopReason?: string; usage?: Usage | null } = {},
): readonly Told[] {
  const { stopReason = 'end_turn', usage = null } = facts;
  return [{ type: 'end', stopReason, problem, ...(usage === null ? {} : { usage }) }];
}

export const settled: readonly Told[] = [{ type: 'settled' }];

export const spent = (usage: Usage | null): readonly Told[] => (usage === null ? [] : [{ type: 'spent', usage }]);

export function tokens(input: number | null, output: number | null): Usage | null {
  if (input === null && output === null) return null;
  return {
    ...(input === null ? {} : { inputTokens: input }),
    ...(output === null ? {} : { outputTokens: output }),
  };
}
