import { isObject, listAt, numberAt, objectAt, textAt } from '../../acp/json.ts';
import { end, message, named, otherEvent, settled, thought, tokens, tool, type Told } from '../told.ts';

/** `codex exec --json`, as of codex 0.169.0. */
export function readCodex(event: unknown): readonly Told[] {
  const type = textAt(event, 'type');
  switch (type) {
    case 'thread.started':
      return named(textAt(event, 'thread_id'));
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return item(type, objectAt(event, 'item'), event);
    // Also of what it gets over: "Reconnecting... 1/5".
    case 'error':
      return [{ type: 'problem', text: textAt(event, 'message') ?? 'error' }];
    case 'turn.completed': {
      const used = objectAt(event, 'usage');
      const usage = tokens(numberAt(used, 'input_tokens'), numberAt(used, 'output_tokens'));
      return [...end(null, { usage }), ...settled];
    }
    case 'turn.failed':
      return [...end(textAt(objectAt(event, 'error'), 'message') ?? 'the turn failed'), ...settled];
    default:
      return otherEvent(event);
  }
}

function item(
  type: 'item.started' | 'item.updated' | 'item.completed',
  body: unknown,
  event: unknown,
): readonly Told[] {
  const id = textAt(body, 'id');
  const kind = textAt(body, 'type');
  if (id === null || kind === null) return otherEvent(event);
  switch (kind) {
    case 'agent_message':
      return type === 'item.completed' ? message(textAt(body, 'text'), id) : [];
    case 'reasoning':
      return type === 'item.completed' ? thought(textAt(body, 'text')) : [];
    case 'todo_list':
      return plan(body);
    case 'command_execution':
      return call(type, id, body, { title: textAt(body, 'command'), kind: 'execute' });
    case 'file_change':
      return call(type, id, body, { title: changeTitle(body), kind: 'edit' });
    case 'mcp_tool_call':
      return call(type, id, body, { title: textAt(body, 'tool'), kind: null });
    case 'web_search':
      return call(type, id, body, { title: textAt(body, 'query'), kind: 'fetch' });
    // Warnings are items of the type "error"; an error that ends the turn is an event.
    default:
      return otherEvent(event);
  }
}

function call(
  type: 'item.started' | 'item.updated' | 'item.completed',
  id: string,
  body: unknown,
  { title, kind }: { readonly title: string | null; readonly kind: string | null },
): readonly Told[] {
  const failed = textAt(body, 'status') === 'failed' || textAt(body, 'status') === 'declined';
  const status = type !== 'item.completed' ? 'in_progress' : failed ? 'failed' : 'completed';
  // Some are told only when they are over.
  return tool(type === 'item.started' ? 'tool_call' : 'tool_call_update', { id, title, kind, status });
}

function changeTitle(body: unknown): string {
  const paths = listAt(body, 'changes').flatMap((change) => textAt(change, 'path') ?? []);
  return paths.length === 0 ? 'edit' : `edit: ${paths.join(', ')}`;
}

const plan = (body: unknown): readonly Told[] => [
  {
    type: 'update',
    update: {
      sessionUpdate: 'plan',
      entries: listAt(body, 'items').map((entry) => ({
        content: textAt(entry, 'text') ?? '',
        status: isObject(entry) && entry['completed'] === true ? 'completed' : 'pending',
      })),
    },
  },
];
