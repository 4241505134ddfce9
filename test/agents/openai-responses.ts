import * as z from 'zod';
import { isSynthetic, real } from './agent-words.ts';
import type { Conversation, ModelAnswer, ToolOffer, Turn } from './model-script.ts';

/** OpenAI's responses, as far as codex uses them: requests to a conversation, answers to events. */

const parts = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).optional();
const item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: parts,
  output: z.unknown().optional(),
});
const plainTool = z.looseObject({
  type: z.string().optional(),
  name: z.string().optional(),
  parameters: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }).nullish(),
});
const requestSchema = z.object({
  model: z.string().default('scripted'),
  stream: z.boolean().default(false),
  input: z.union([z.string(), z.array(item)]),
  tools: z.array(plainTool.extend({ tools: z.array(plainTool).optional() })).default([]),
});

export interface ResponsesRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly conversation: Conversation;
  /** In which group a tool is offered, by its name. */
  readonly namespaces: ReadonlyMap<string, string>;
}

/** @throws when the body is not a request for a response. */
export function parseResponsesRequest(body: string): ResponsesRequest {
  const { model, stream, input, tools } = requestSchema.parse(JSON.parse(body));
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const turns = items.flatMap((entry): Turn[] => {
    const type = 'type' in entry ? (entry.type ?? '') : '';
    const text = textOf(entry.content);
    if (type.endsWith('_call')) return [{ role: 'model', text: '', calls: true }];
    if (type.endsWith('_call_output')) return [{ role: 'tool', text: JSON.stringify(entry) }];
    if (entry.role === 'assistant') return [{ role: 'model', text, calls: false }];
    if (entry.role !== 'user') return [];
    const said = real(text);
    return isSynthetic(said) ? [] : [{ role: 'user', text: said }];
  });
  const namespaces = new Map<string, string>();
  const offers = tools.flatMap((tool): ToolOffer[] => {
    if (tool.type !== 'namespace') return [offerOf(tool)];
    for (const inner of tool.tools ?? []) namespaces.set(inner.name ?? '', tool.name ?? '');
    return (tool.tools ?? []).map(offerOf);
  });
  return { model, stream, conversation: { turns, tools: offers }, namespaces };
}

const offerOf = (tool: z.infer<typeof plainTool>): ToolOffer => ({
  name: tool.name ?? tool.type ?? '',
  parameters: Object.keys(tool.parameters?.properties ?? {}),
});

const textOf = (value: z.infer<typeof parts>): string =>
  typeof value === 'string' ? value : (value ?? []).map((part) => part.text ?? '').join('\n');

type Message = Extract<ModelAnswer, { type: 'message' }>;

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 120,
};

function outputOf({ text, call }: Message, namespaces: ReadonlyMap<string, string>, id: string): object[] {
  const said = { type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed' };
  const namespace = namespaces.get(call?.name ?? '');
  return [
    ...(text === '' ? [] : [{ ...said, content: [{ type: 'output_text', text, annotations: [] }] }]),
    ...(call === null
      ? []
      : [
          {
            ...{ type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, status: 'completed' },
            ...{ name: call.name, arguments: JSON.stringify(call.args) },
            ...(namespace === undefined ? {} : { namespace }),
          },
        ]),
  ];
}

const baseOf = (model: string, id: string): object => ({
  ...{ id: `resp_${id}`, object: 'response', created_at: 0, model, output: [], status: 'in_progress' },
});

export function responseDocument(message: Message, { model, namespaces }: ResponsesRequest, id: string): object {
  const output = outputOf(message, namespaces, id);
  return { ...baseOf(model, id), status: 'completed', output, usage: USAGE };
}

/** The answer as server-sent events; one that hangs is not ended. */
export function responseEvents(message: Message, { model, namespaces }: ResponsesRequest, id: string): string[] {
  const base = baseOf(model, id);
  const output = outputOf(message, namespaces, id);
  const events: Record<string, unknown>[] = [{ type: 'response.created', response: base }];
  for (const [index, entry] of output.entries()) {
    const at = { output_index: index };
    const { text } = message;
    events.push({ type: 'response.output_item.added', ...at, item: entry });
    if ('content' in entry) {
      const place = { item_id: `msg_${id}`, ...at, content_index: 0 };
      events.push({ type: 'response.output_text.delta', ...place, delta: text });
      if (message.hang) break;
      events.push({ type: 'response.output_text.done', ...place, text });
    }
    events.push({ type: 'response.output_item.done', ...at, item: entry });
  }
  if (!message.hang) {
    events.push({ type: 'response.completed', response: { ...base, status: 'completed', output, usage: USAGE } });
  }
  return events.map((data, sequence) => {
    const line = JSON.stringify({ ...data, sequence_number: sequence });
    return `event: ${String(data['type'])}\ndata: ${line}\n\n`;
  });
}
