import { isObject, listAt, objectAt, textAt } from '../acp/json.ts';
import { beginningOf } from '../../text/cut.ts';

/** What an agent's own hook or notifier told, as far as conduxt reads it. */
export type HookEvent =
  /** The agent took a prompt. */
  | { readonly type: 'prompt'; readonly text: string }
  | {
      readonly type: 'tool';
      readonly id: string;
      readonly title: string;
      readonly status: 'in_progress' | 'completed';
      readonly startedMs: number | null;
    }
  /**
   * The turn is over; `message` is the agent's last one, verbatim. `inputs`: all it was told so far, the last of which it
   * answers to, where one notifier tells of several conversations. `startedMs`: when the turn began, by its id; null: not
   * known.
   */
  | {
      readonly type: 'stop';
      readonly message: string;
      readonly nativeId: string | null;
      readonly inputs?: readonly string[];
      readonly startedMs: number | null;
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
        startedMs: timeOfId(textAt(input, 'turn_id')),
      };
    case 'Stop':
      return {
        type: 'stop',
        message: textAt(input, 'last_assistant_message') ?? '',
        nativeId: textAt(input, 'session_id'),
        startedMs: timeOfId(textAt(input, 'turn_id')),
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
  startedMs: timeOfId(textAt(input, 'turn-id')),
});

const UUID_7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/;

/** codex gives its turns UUIDs of version 7: they begin with the milliseconds since 1970. */
function timeOfId(id: string | null): number | null {
  const [, high, low] = UUID_7.exec(id ?? '') ?? [];
  return high === undefined || low === undefined ? null : Number.parseInt(high + low, 16);
}

/** Both clocks are this machine's; a turn that ended before our paste began well before it. */
const SLACK_MS = 1_000;

/** Told late: it belongs to a turn that began before our prompt was pasted. */
export const isOfEarlierTurn = (startedMs: number | null, pastedAtMs: number): boolean =>
  startedMs !== null && startedMs < pastedAtMs - SLACK_MS;

/**
 * Whether an end is that of our turn. codex tells of every thread through one notifier: of the one in which it makes up
 * a title, and of its helpers; and its notifier may be late, so that it tells of the turn before. A turn's own time and a
 * thread that is known decide; before that, the prompt it answers to.
 * @param facts `tail`: of our prompt, without white space; `pastedAtMs`: when it was pasted.
 */
export function isOurs(
  { nativeId, inputs, startedMs }: Extract<HookEvent, { readonly type: 'stop' }>,
  { thread, tail, pastedAtMs }: { readonly thread: string | null; readonly tail: string; readonly pastedAtMs: number },
): boolean {
  if (inputs === undefined) return !isOfEarlierTurn(startedMs, pastedAtMs);
  if (isOfEarlierTurn(startedMs, pastedAtMs)) return false;
  if (thread !== null && nativeId !== thread) return false;
  if (thread !== null && startedMs !== null) return true;
  // A title is made from the prompt, too, under words of codex's own.
  const last = inputs.at(-1) ?? '';
  return last.replaceAll(/\s+/g, '').endsWith(tail) && !TITLE_PROMPT.test(last);
}

const TITLE_PROMPT = /^Generate a concise, single-line task title/;

function toolTitle(input: unknown): string {
  const args = objectAt(input, 'tool_input');
  const name = textAt(input, 'tool_name') ?? 'tool';
  const detail = textAt(args, 'command') ?? textAt(args, 'file_path') ?? textAt(args, 'pattern');
  return detail === null ? name : beginningOf(`${name}: ${detail}`, 300);
}
