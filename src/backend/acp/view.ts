import type { Usage } from '../../session/events.ts';
import type { AgentNews } from '../../session/agent-news.ts';
import type { HistoryItem } from '../../session/history.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from './json.ts';

/**
 * The few fields of an update that conduxt reads. Tolerant: what is missing is null, what is unknown is `other`, and
 * nothing is refused because of a field that is not needed here.
 * @param update `params.update` of a `session/update`.
 */
export function viewOf(update: unknown): AgentNews {
  const kind = textAt(update, 'sessionUpdate') ?? 'unknown';
  const other: AgentNews = { type: 'other', kind };
  switch (kind) {
    case 'agent_message_chunk': {
      const text = textOfContent(update);
      return text === null ? other : { type: 'message', text, messageId: textAt(update, 'messageId') };
    }
    case 'agent_thought_chunk': {
      const text = textOfContent(update);
      return text === null ? other : { type: 'thought', text };
    }
    case 'tool_call':
    case 'tool_call_update': {
      const toolCallId = textAt(update, 'toolCallId');
      if (toolCallId === null) return other;
      const [title, toolKind, status] = [textAt(update, 'title'), textAt(update, 'kind'), textAt(update, 'status')];
      return { type: 'tool', toolCallId, title, kind: toolKind, status };
    }
    case 'plan': {
      const entries = listAt(update, 'entries').map((entry) => ({
        content: textAt(entry, 'content') ?? '',
        status: textAt(entry, 'status') ?? 'pending',
      }));
      return { type: 'plan', entries };
    }
    case 'usage_update':
      return { type: 'usage', usage: usageOfUpdate(update) };
    default:
      return other;
  }
}

/** What a replayed update says about the conversation; null when it says nothing. @param update as of `viewOf`. */
export function historyItemOf(update: unknown): HistoryItem | null {
  if (textAt(update, 'sessionUpdate') === 'user_message_chunk') {
    // Also a picture is a message of the user, and none of ours.
    return { type: 'user', text: textOfContent(update) ?? '', messageId: textAt(update, 'messageId') };
  }
  const view = viewOf(update);
  if (view.type === 'message') return view;
  if (view.type === 'thought' || view.type === 'plan') return { type: 'thought' };
  return view.type === 'tool' ? { type: 'tool', toolCallId: view.toolCallId } : null;
}

/** Of a whole message: null when it is not the update of a session. @param message parsed. */
export function viewOfMessage(message: unknown): AgentNews | null {
  if (typeof message !== 'object' || message === null || !('params' in message)) return null;
  const { params } = message;
  return typeof params === 'object' && params !== null && 'update' in params ? viewOf(params.update) : null;
}

function textOfContent(update: unknown): string | null {
  const content = objectAt(update, 'content');
  return textAt(content, 'type') === 'text' ? textAt(content, 'text') : null;
}

/** `used` are the tokens in context now; the cost is the session's so far. */
function usageOfUpdate(update: unknown): Usage {
  const used = countAt(update, 'used');
  const size = countAt(update, 'size');
  const cost = objectAt(update, 'cost');
  const amount = countAt(cost, 'amount');
  const currency = textAt(cost, 'currency');
  return {
    ...(used === null ? {} : { contextTokens: used }),
    ...(size === null ? {} : { contextSize: size }),
    ...(amount === null ? {} : { costAmount: amount }),
    ...(currency === null ? {} : { costCurrency: currency }),
  };
}

/** The usage in the answer to a prompt; null when it holds none. gemini 0.61 puts it under `_meta.quota`. */
export function usageOfAnswer(result: unknown): Usage | null {
  const usage = isObject(result) && isObject(result['usage']) ? result['usage'] : null;
  const quota = objectAt(objectAt(objectAt(result, '_meta'), 'quota'), 'token_count');
  const counts = {
    inputTokens: countAt(usage, 'inputTokens') ?? countAt(quota, 'input_tokens'),
    outputTokens: countAt(usage, 'outputTokens') ?? countAt(quota, 'output_tokens'),
    cachedReadTokens: countAt(usage, 'cachedReadTokens'),
    cachedWriteTokens: countAt(usage, 'cachedWriteTokens'),
    thoughtTokens: countAt(usage, 'thoughtTokens'),
    totalTokens: countAt(usage, 'totalTokens'),
  };
  const known = Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== null);
  return known.length === 0 ? null : Object.fromEntries(known);
}

/** Less than nothing would make room in a budget. */
function countAt(value: unknown, key: string): number | null {
  const count = numberAt(value, key);
  return count === null || count < 0 ? null : count;
}

/**
 * Sent by agents at any time, also between session and first prompt: no sign that a prompt has been taken up.
 * codex and claude send their commands and usage only when the first prompt is already on its way.
 */
const housekeeping: ReadonlySet<string> = new Set([
  'available_commands_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
]);

/** Whether an update shows that the agent is at work on the running turn. */
export const isSignOfLife = (view: AgentNews): boolean =>
  view.type === 'other' ? !housekeeping.has(view.kind) : view.type !== 'usage';
