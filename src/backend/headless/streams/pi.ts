import { kindOfTool } from '../../../permission/tool-kind.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../../acp/json.ts';
import { end, message, named, otherEvent, settled, spent, thought, tokens, tool, type Told } from '../told.ts';
import { toolTitle } from './tool-title.ts';

/** `pi -p --mode json`, as of pi 0.87.1. Its exit code says nothing: 0 also after a model error. */
export function readPi(event: unknown): readonly Told[] {
  switch (textAt(event, 'type')) {
    case 'session':
      return named(textAt(event, 'id'));
    case 'message_end':
      return messageEnd(objectAt(event, 'message'));
    case 'tool_execution_start': {
      const name = textAt(event, 'toolName') ?? 'tool';
      const title = toolTitle(name, objectAt(event, 'args'));
      return tool('tool_call', { id: idOf(event), title, kind: kindOfTool(name), status: 'in_progress' });
    }
    case 'tool_execution_end':
      return tool('tool_call_update', {
        id: idOf(event),
        status: isObject(event) && event['isError'] === true ? 'failed' : 'completed',
      });
    case 'agent_settled':
      return settled;
    // Pieces, copies and frames of what `message_end` tells whole; `agent_end` repeats the whole conversation.
    case 'message_start':
    case 'message_update':
    case 'tool_execution_update':
    case 'turn_start':
    case 'turn_end':
    case 'agent_end':
      return [];
    default:
      return otherEvent(event);
  }
}

const idOf = (event: unknown): string => textAt(event, 'toolCallId') ?? 'unknown';

/** Only the model's own: the prompts, and what the tools gave, are told in the same way. */
function messageEnd(body: unknown): readonly Told[] {
  if (textAt(body, 'role') !== 'assistant') return [];
  const id = textAt(body, 'responseId') ?? String(numberAt(body, 'timestamp'));
  const said = listAt(body, 'content').flatMap((block) => {
    switch (textAt(block, 'type')) {
      case 'text':
        return message(textAt(block, 'text'), id);
      case 'thinking':
        return thought(textAt(block, 'thinking'));
      default:
        return [];
    }
  });
  const used = objectAt(body, 'usage');
  const head = [...said, ...spent(tokens(numberAt(used, 'input'), numberAt(used, 'output')))];
  switch (textAt(body, 'stopReason')) {
    case 'toolUse':
      return head;
    // It may try again; the last one counts.
    case 'error':
    case 'aborted':
      return [...head, ...end(textAt(body, 'errorMessage') ?? 'the model gave no answer')];
    case 'length':
      return [...head, ...end(null, { stopReason: 'max_tokens' })];
    default:
      return [...head, ...end(null)];
  }
}
