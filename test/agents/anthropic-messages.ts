import * as z from 'zod';
import { isSynthetic, real } from './agent-words.ts';
import type { Conversation, ModelAnswer, ToolOffer, Turn } from './model-script.ts';

/** Anthropic's messages, as far as coding agents use them: requests to a conversation, answers to events. */

const block = z.looseObject({ type: z.string(), text: z.string().optional(), content: z.unknown().optional() });
const content = z.union([z.string(), z.array(block)]);
const requestSchema = z.object({
  model: z.string().default('scripted'),
  stream: z.boolean().default(false),
  messages: z.array(z.object({ role: z.string(), content })),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        input_schema: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }).optional(),
      }),
    )
    .default([]),
});

export interface MessagesRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly conversation: Conversation;
}

/** @throws when the body is not a request for a message. */
export function parseMessagesRequest(body: string): MessagesRequest {
  const { model, stream, messages, tools } = requestSchema.parse(JSON.parse(body));
  const turns = messages.flatMap(({ role, content: parts }): Turn[] => {
    const blocks = typeof parts === 'string' ? [{ type: 'text', text: parts }] : parts;
    const text = real(blocks.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('\n'));
    if (role === 'assistant') return [{ role: 'model', text, calls: blocks.some(({ type }) => type === 'tool_use') }];
    const results = blocks.filter(({ type }) => type === 'tool_result');
    const tool: Turn[] =
      results.length === 0 ? [] : [{ role: 'tool', text: JSON.stringify(results.map((part) => part.content)) }];
    // The environment comes as messages of their own, by the system. A prompt after a cancelled tool comes with its result.
    return role !== 'user' || isSynthetic(text) ? tool : [...tool, { role: 'user', text }];
  });
  const offers = tools.map((tool): ToolOffer => ({
    name: tool.name,
    parameters: Object.keys(tool.input_schema?.properties ?? {}),
  }));
  return { model, stream, conversation: { turns, tools: offers } };
}

type Message = Extract<ModelAnswer, { type: 'message' }>;

const USAGE = { input_tokens: 100, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

const blocksOf = ({ text, call }: Message, id: string): Record<string, unknown>[] => [
  ...(text === '' ? [] : [{ type: 'text', text }]),
  ...(call === null ? [] : [{ type: 'tool_use', id: `toolu_${id}`, name: call.name, input: call.args }]),
];
const stopReason = ({ call }: Message): string => (call === null ? 'end_turn' : 'tool_use');

export function messageDocument(message: Message, model: string, id: string): object {
  const base = { id: `msg_${id}`, type: 'message', role: 'assistant', model };
  const stop = { stop_reason: stopReason(message), stop_sequence: null };
  return { ...base, content: blocksOf(message, id), ...stop, usage: USAGE };
}

/** The answer as server-sent events; one that hangs is not ended. */
export function messageEvents(message: Message, model: string, id: string): string[] {
  const start = { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [] };
  const begin = event({
    type: 'message_start',
    message: { ...start, stop_reason: null, stop_sequence: null, usage: USAGE },
  });
  const blocks = blocksOf(message, id).flatMap((part, index) => {
    const isText = part['type'] === 'text';
    const empty = isText ? { type: 'text', text: '' } : { ...part, input: {} };
    const delta = isText
      ? { type: 'text_delta', text: part['text'] }
      : { type: 'input_json_delta', partial_json: JSON.stringify(part['input']) };
    return [
      event({ type: 'content_block_start', index, content_block: empty }),
      event({ type: 'content_block_delta', index, delta }),
      ...(message.hang ? [] : [event({ type: 'content_block_stop', index })]),
    ];
  });
  if (message.hang) return [begin, ...blocks];
  const delta = { stop_reason: stopReason(message), stop_sequence: null };
  const end = event({ type: 'message_delta', delta, usage: { output_tokens: 20 } });
  return [begin, ...blocks, end, event({ type: 'message_stop' })];
}

const event = (data: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
