import { kindOfTool } from '../../../permission/tool-kind.ts';
import { numberAt, objectAt, textAt } from '../../acp/json.ts';
import { end, message, named, otherEvent, spent, thought, tokens, tool, type Told } from '../told.ts';
import { toolTitle } from './tool-title.ts';

/** `opencode run --format json`, as of opencode 1.18.33. Every event names the conversation. */
export const readOpencode = (event: unknown): readonly Told[] => [
  ...named(textAt(event, 'sessionID')),
  ...readPart(event, objectAt(event, 'part')),
];

function readPart(event: unknown, part: unknown): readonly Told[] {
  switch (textAt(event, 'type')) {
    case 'text':
      return message(textAt(part, 'text'), textAt(part, 'id'));
    case 'reasoning':
      return thought(textAt(part, 'text'));
    case 'tool_use': {
      // Told once, when it is over.
      const state = objectAt(part, 'state');
      const name = textAt(part, 'tool') ?? 'tool';
      return tool('tool_call', {
        id: textAt(part, 'callID') ?? 'unknown',
        title: toolTitle(name, objectAt(state, 'input')),
        kind: kindOfTool(name),
        status: textAt(state, 'status') === 'error' ? 'failed' : 'completed',
      });
    }
    case 'step_finish':
      return stepFinished(part);
    case 'error': {
      const error = objectAt(event, 'error');
      const data = objectAt(error, 'data');
      const status = numberAt(data, 'statusCode');
      const text = textAt(data, 'message') ?? textAt(error, 'name') ?? 'error';
      return end(status === null ? text : `${status} ${text}`);
    }
    default:
      return otherEvent(event);
  }
}

function stepFinished(part: unknown): readonly Told[] {
  const used = objectAt(part, 'tokens');
  const head = spent(tokens(numberAt(used, 'input'), numberAt(used, 'output')));
  const reason = textAt(part, 'reason');
  // It goes on with what the tools gave.
  if (reason === 'tool-calls') return head;
  return [...head, ...end(null, { stopReason: reason === 'length' ? 'max_tokens' : 'end_turn' })];
}
