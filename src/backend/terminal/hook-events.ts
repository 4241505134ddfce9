import { isObject, listAt, objectAt, textAt } from '../acp/json.ts';

/** What an agent's own hook or notifier told, as far as conduxt reads it. */
export type HookEvent =
  /** The agent took a prompt. */
  | { readonly type: 'prompt'; readonly text: string }
  | { readonly type: 'tool'; readonly id: string; readonly title: string; readonly status: 'in_progress' | 'completed' }
  /**
   * The turn is over; `message` is the agent's last one, verbatim. `inputs`: what it answers to, where one notifier
   * tells of several conversations.
   */
  | {
      readonly type: 'stop';
      readonly message: string;
      readonly nativeId: string | null;
      readonly inputs?: readonly string[];
    }
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

const codexNotice = (input: unknown): HookEvent => ({
  type: 'stop',
  message: textAt(input, 'last-assistant-message') ?? '',
  nativeId: textAt(input, 'thread-id'),
  inputs: listAt(input, 'input-messages').filter((text) => typeof text === 'string'),
});

/**
 * Whether an end is that of our turn. codex tells of every thread through one notifier: of the one in which it makes up
 * a title, and of its helpers. A thread that is known decides; before that, the prompt it answers to.
 * @param tail of our prompt, without white space.
 */
export function isOurs(
  { nativeId, inputs }: Extract<HookEvent, { readonly type: 'stop' }>,
  { thread, tail }: { readonly thread: string | null; readonly tail: string },
): boolean {
  if (inputs === undefined) return true;
  if (thread !== null) return nativeId === thread;
  // A title is made from the prompt, too, under words of codex's own.
  return inputs.some((text) => text.replaceAll(/\s+/g, '').endsWith(tail) && !TITLE_PROMPT.test(text));
}

const TITLE_PROMPT = /^Generate a concise, single-line task title/;

function toolTitle(input: unknown): string {
  const args = objectAt(input, 'tool_input');
  const name = textAt(input, 'tool_name') ?? 'tool';
  const detail = textAt(args, 'command') ?? textAt(args, 'file_path') ?? textAt(args, 'pattern');
  return detail === null ? name : `${name}: ${detail}`.slice(0, 300);
}
