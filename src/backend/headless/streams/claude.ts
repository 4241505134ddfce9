import { kindOfTool } from '../../../permission/tool-kind.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../../acp/json.ts';
import { cost, end, message, named, otherEvent, settled, thought, tokens, tool, type Told } from '../told.ts';
import { toolTitle } from './tool-title.ts';

/** `claude -p --output-format stream-json --verbose`, as of Claude Code 2.1.329. */
export function readClaude(event: unknown): readonly Told[] {
  switch (textAt(event, 'type')) {
    case 'system':
      return textAt(event, 'subtype') === 'init' ? begun(event) : otherEvent(event);
    case 'assistant':
      return isHelpers(event) ? otherEvent(event) : assistant(objectAt(event, 'message'));
    case 'user':
      return isHelpers(event) ? otherEvent(event) : results(objectAt(event, 'message'));
    // With --include-partial-messages, the pieces of what comes whole as well.
    case 'stream_event':
      return [];
    case 'result':
      return [...result(event), ...settled];
    default:
      return otherEvent(event);
  }
}

/** With a few of its facts: the rest is lists of all that it could use. */
const begun = (event: unknown): readonly Told[] => [
  ...named(textAt(event, 'session_id')),
  ...otherEvent({
    type: 'system',
    subtype: 'init',
    model: textAt(event, 'model'),
    permissionMode: textAt(event, 'permissionMode'),
    version: textAt(event, 'claude_code_version'),
  }),
];

/** A subagent's words are not the agent's answer. */
const isHelpers = (event: unknown): boolean => textAt(event, 'parent_tool_use_id') !== null;

function assistant(body: unknown): readonly Told[] {
  const id = textAt(body, 'id');
  return listAt(body, 'content').flatMap((block) => {
    switch (textAt(block, 'type')) {
      case 'text':
        return message(textAt(block, 'text'), id);
      case 'thinking':
        return thought(textAt(block, 'thinking'));
      case 'tool_use': {
        const name = textAt(block, 'name') ?? 'tool';
        return tool('tool_call', {
          id: textAt(block, 'id') ?? 'unknown',
          title: toolTitle(name, objectAt(block, 'input')),
          kind: kindOfTool(name),
          status: 'in_progress',
        });
      }
      default:
        return otherEvent(block);
    }
  });
}

const results = (body: unknown): readonly Told[] =>
  listAt(body, 'content').flatMap((block) => {
    const id = textAt(block, 'tool_use_id');
    if (id === null || !isObject(block)) return [];
    return tool('tool_call_update', { id, status: block['is_error'] === true ? 'failed' : 'completed' });
  });

/** `subtype` says "success" also of a model error, so `is_error` decides. */
function result(event: unknown): readonly Told[] {
  const used = objectAt(event, 'usage');
  const usage = tokens(numberAt(used, 'input_tokens'), numberAt(used, 'output_tokens'));
  const subtype = textAt(event, 'subtype') ?? '';
  const head = [...named(textAt(event, 'session_id')), ...cost(numberAt(event, 'total_cost_usd'), 'USD')];
  if (subtype === 'error_max_turns') return [...head, ...end(null, { stopReason: 'max_turn_requests', usage })];
  const failed = isObject(event) && event['is_error'] === true;
  if (!failed) return [...head, ...end(null, { stopReason: stopReasonOf(textAt(event, 'stop_reason')), usage })];
  const errors = listAt(event, 'errors').filter((one) => typeof one === 'string');
  // One that never began names the id it was asked for: there is no such conversation.
  const began = (numberAt(event, 'num_turns') ?? 0) > 0;
  return [...(began ? head : []), ...end(textAt(event, 'result') ?? (errors.join('; ') || subtype), { usage })];
}

const stopReasonOf = (reason: string | null): string =>
  reason === 'max_tokens' || reason === 'refusal' ? reason : 'end_turn';
