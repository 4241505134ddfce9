import { kindOfTool } from '../../../permission/tool-kind.ts';
import { numberAt, objectAt, textAt } from '../../acp/json.ts';
import { end, message, named, otherEvent, settled, tokens, tool, type Told } from '../told.ts';
import { toolTitle } from './tool-title.ts';

/** `gemini --output-format stream-json`, as of Gemini CLI 0.61.0. */
export function readGemini(event: unknown): readonly Told[] {
  switch (textAt(event, 'type')) {
    case 'init':
      return [...named(textAt(event, 'session_id')), ...otherEvent(event)];
    case 'message':
      // In pieces without an id: a tool call between them parts two messages.
      return textAt(event, 'role') === 'assistant' ? message(textAt(event, 'content'), null) : [];
    case 'tool_use': {
      const name = textAt(event, 'tool_name') ?? 'tool';
      const title = toolTitle(name, objectAt(event, 'parameters'));
      return tool('tool_call', { id: idOf(event), title, kind: kindOfTool(name), status: 'in_progress' });
    }
    case 'tool_result':
      return tool('tool_call_update', {
        id: idOf(event),
        status: textAt(event, 'status') === 'success' ? 'completed' : 'failed',
      });
    case 'error':
      return [{ type: 'problem', text: textAt(event, 'message') ?? 'error' }];
    case 'result': {
      const stats = objectAt(event, 'stats');
      const usage = tokens(numberAt(stats, 'input_tokens'), numberAt(stats, 'output_tokens'));
      const isGood = textAt(event, 'status') === 'success';
      const problem = textAt(objectAt(event, 'error'), 'message') ?? 'the turn failed';
      return [...end(isGood ? null : problem, { usage }), ...settled];
    }
    default:
      return otherEvent(event);
  }
}

const idOf = (event: unknown): string => textAt(event, 'tool_id') ?? 'unknown';
