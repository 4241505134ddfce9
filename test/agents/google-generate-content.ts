import * as z from 'zod';
import { isSynthetic, real } from './agent-words.ts';
import type { Conversation, ModelAnswer, ToolOffer, Turn } from './model-script.ts';

/** Google's generateContent, as far as gemini uses it: requests to a conversation, answers to chunks. */

const part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  functionCall: z.unknown().optional(),
  functionResponse: z.unknown().optional(),
});
const schema = z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) });
const requestSchema = z.object({
  contents: z.array(z.object({ role: z.string().default('user'), parts: z.array(part).default([]) })).default([]),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z
          .array(
            z.looseObject({
              name: z.string(),
              parametersJsonSchema: schema.optional(),
              parameters: schema.optional(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

export interface GenerateRequest {
  readonly stream: boolean;
  readonly conversation: Conversation;
}

/** Model and method are in the path: `/v1beta/models/<model>:streamGenerateContent`. */
export const isGenerate = (path: string): boolean => /:(generateContent|streamGenerateContent)$/.test(path);

/** @throws when the body is not a request to generate content. */
export function parseGenerateRequest(body: string, path: string): GenerateRequest {
  const { contents, tools } = requestSchema.parse(JSON.parse(body));
  const turns = contents.flatMap(({ role, parts }): Turn[] => {
    const results = parts.flatMap(({ functionResponse }) => (functionResponse === undefined ? [] : [functionResponse]));
    const text = parts.map((one) => (one.thought === true ? '' : (one.text ?? ''))).join('\n');
    if (role === 'model') return [{ role: 'model', text, calls: parts.some((one) => one.functionCall !== undefined) }];
    if (results.length > 0) return [{ role: 'tool', text: JSON.stringify(results) }];
    const said = real(text);
    return isSynthetic(said) ? [] : [{ role: 'user', text: said }];
  });
  const offers = tools.flatMap(({ functionDeclarations }) =>
    functionDeclarations.map((tool): ToolOffer => {
      const { properties } = tool.parametersJsonSchema ?? tool.parameters ?? { properties: {} };
      return { name: tool.name, parameters: Object.keys(properties) };
    }),
  );
  return { stream: path.endsWith(':streamGenerateContent'), conversation: { turns, tools: offers } };
}

type Message = Extract<ModelAnswer, { type: 'message' }>;

const USAGE = { promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 };

const callParts = ({ call }: Message, id: string): object[] =>
  call === null ? [] : [{ functionCall: { id: `call-${id}`, name: call.name, args: call.args } }];

const candidate = (parts: readonly object[], id: string, finishReason?: string): object => ({
  candidates: [
    { content: { role: 'model', parts }, index: 0, ...(finishReason === undefined ? {} : { finishReason }) },
  ],
  ...{ usageMetadata: USAGE, modelVersion: 'scripted', responseId: id },
});

/** The whole answer in one document. */
export const generateDocument = (message: Message, id: string): object =>
  candidate([{ text: message.text }, ...callParts(message, id)], id, 'STOP');

/** The answer as server-sent events; one that hangs is not ended. */
export function generateEvents(message: Message, id: string): string[] {
  const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
  const text = message.text === '' ? [] : [event(candidate([{ text: message.text }], id))];
  if (message.hang) return text;
  const calls = callParts(message, id);
  return [...text, event(candidate(calls.length === 0 ? [{ text: '' }] : calls, id, 'STOP'))];
}
