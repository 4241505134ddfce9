import * as z from 'zod';
import type { Conversation, ModelAnswer, ToolOffer, Turn } from './model-script.ts';

/** OpenAI's chat completions, as far as coding agents use them: requests to a conversation, answers to chunks. */

const content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() })), z.null()]).optional();
const requestSchema = z.object({
  model: z.string().default('scripted'),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content, tool_calls: z.array(z.unknown()).nullish() })),
  tools: z
    .array(
      z.object({
        function: z.object({
          name: z.string(),
          parameters: z.object({ properties: z.record(z.string(), z.unknown()).default({}) }).optional(),
        }),
      }),
    )
    .default([]),
});

export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly conversation: Conversation;
}

/** @throws when the body is not a chat request. */
export function parseChatRequest(body: string): ChatRequest {
  const { model, stream, messages, tools } = requestSchema.parse(JSON.parse(body));
  const turns = messages.flatMap((message): Turn[] => {
    const text = textOf(message.content);
    switch (message.role) {
      case 'user':
        return [{ role: 'user', text }];
      case 'assistant':
        return [{ role: 'model', text, calls: (message.tool_calls ?? []).length > 0 }];
      case 'tool':
        return [{ role: 'tool', text }];
      default:
        return [];
    }
  });
  const offers = tools.map((tool): ToolOffer => ({
    name: tool.function.name,
    parameters: Object.keys(tool.function.parameters?.properties ?? {}),
  }));
  return { model, stream, conversation: { turns, tools: offers } };
}

const textOf = (value: z.infer<typeof content>): string =>
  typeof value === 'string' ? value : (value ?? []).map((part) => part.text ?? '').join('');

type Message = Extract<ModelAnswer, { type: 'message' }>;

/** Enough that a text comes in several pieces, as from a real model. */
const CHUNK_CHARS = 24;
const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

const toolCalls = ({ call }: Message, id: string): object[] =>
  call === null
    ? []
    : [
        {
          index: 0,
          id: `call-${id}`,
          type: 'function',
          function: { name: call.name, arguments: JSON.stringify(call.args) },
        },
      ];
const finishReason = ({ call }: Message): string => (call === null ? 'stop' : 'tool_calls');

/** The whole answer in one document. */
export function chatDocument(message: Message, model: string, id: string): object {
  const calls = toolCalls(message, id);
  return {
    ...{ id: `chat-${id}`, object: 'chat.completion', created: 0, model, usage: USAGE },
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: message.text === '' ? null : message.text,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        finish_reason: finishReason(message),
      },
    ],
  };
}

/** The answer as server-sent events; one that hangs is not ended. */
export function chatEvents(message: Message, model: string, id: string): string[] {
  const base = { id: `chat-${id}`, object: 'chat.completion.chunk', created: 0, model };
  const event = (delta: object, finish: string | null = null): string =>
    line({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] });
  const calls = toolCalls(message, id);
  const begin = [
    event({ role: 'assistant', content: '' }),
    ...pieces(message.text).map((text) => event({ content: text })),
  ];
  if (message.hang) return begin;
  return [
    ...begin,
    ...(calls.length === 0 ? [] : [event({ tool_calls: calls })]),
    event({}, finishReason(message)),
    line({ ...base, choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ];
}

const line = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

const pieces = (text: string): string[] =>
  Array.from({ length: Math.ceil(text.length / CHUNK_CHARS) }, (_, index) =>
    text.slice(index * CHUNK_CHARS, (index + 1) * CHUNK_CHARS),
  );
