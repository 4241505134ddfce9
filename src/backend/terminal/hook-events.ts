import { isObject, listAt, objectAt, textAt } from '../acp/json.ts';

/** What an agent's own hook or notifier told, as far as conduxt reads it. */
export type HookEvent =
  /** The agent took a prompt. */
  | { readonly type: 'prompt'; readonly text: string }
  | { readonly type: 'tool'; readonly id: string; readonly title: string; readonly status: 'in_progress' | 'completed' }
  /** The turn is over; `message` is the agent's last one, verbatim. */
  | { readonly type: 'stop'; readonly message: string; readonly nativeId: string | null }
  | { readonly type: 'failed'; readonly message: string }
  /** The guard or a rule refused a tool; the agent was told why. */
  | { readonly type: 'refused'; readonly what: string; readonly reason: string }
  | { readonly type: 'session'; readonly nativeId: string }
  | { readonly type: 'other'; readonly name: string };

/**
 * One line of the hook file: a hook's input as Claude Code and codex give it, or the argument of codex's `notify`.
 * What an agent writes there itself is judged like everything it says. Null for what is no JSON object.
 */
export function readHookLine(line: string): HookEvent | null {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(input)) return null;
  if (textAt(input, 'type') === 'agent-turn-complete') return codexNotice(input);
  const name = textAt(input, 'hook_event_name');
  switch (name) {
    case null:
      return null;
    case 'SessionStart':
      return { type: 'session', nativeId: textAt(input, 'session_id') ?? '' };
    case 'UserPromptSubmit':
      return { type: 'prompt', text: textAt(input, 'prompt') ?? '' };
    case 'PreToolUse':
    case 'PostToolUse':
      return {
        type: 'tool',
        id: textAt(input, 'tool_use_id') ?? 'unknown',
        title: toolTitle(input),
        status: name === 'PreToolUse' ? 'in_progress' : 'completed',
      };
    case 'Stop':
      return {
        type: 'stop',
        message: textAt(input, 'last_assistant_message') ?? '',
        nativeId: textAt(input, 'session_id'),
      };
    case 'ConduxtRefusal':
      return { type: 'refused', what: textAt(input, 'tool') ?? 'a tool', reason: textAt(input, 'reason') ?? '' };
    case 'StopFailure':
      return { type: 'failed', message: textAt(input, 'last_assistant_message') ?? textAt(input, 'error') ?? 'failed' };
    default:
      return { type: 'other', name };
  }
}

/** codex also reports the thread in which it makes up a title: its prompt begins like this. */
const TITLE_PROMPT = /^Generate a concise, single-line task title/;

function codexNotice(input: unknown): HookEvent {
  const first = listAt(input, 'input-messages').at(-1);
  if (typeof first === 'string' && TITLE_PROMPT.test(first)) return { type: 'other', name: 'title' };
  return {
    type: 'stop',
    message: textAt(input, 'last-assistant-message') ?? '',
    nativeId: textAt(input, 'thread-id'),
  };
}

function toolTitle(input: unknown): string {
  const args = objectAt(input, 'tool_input');
  const name = textAt(input, 'tool_name') ?? 'tool';
  const detail = textAt(args, 'command') ?? textAt(args, 'file_path') ?? textAt(args, 'pattern');
  return detail === null ? name : `${name}: ${detail}`.slice(0, 300);
}
