/**
 * What an agent's hooks run: `terminal-hook.js <hook file> [codex's JSON | deny-only]`. Appends the hook's input as one line, and
 * answers it where an answer is wanted: before a tool the guard and the session's permissions decide, and after a
 * compaction Claude is reminded of where its instructions are (what a SessionStart hook prints becomes context).
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { answerPreToolUse, type HookAnswer, type HookFacts } from '../../permission/pre-tool-use.ts';
import { isObject, objectAt, textAt } from '../acp/json.ts';
import { DENY_ONLY } from './deny-only.ts';

const [file, argument] = process.argv.slice(2);
const canOnlyDeny = argument === DENY_ONLY;
const MAX_LINE_CHARS = 4 * 1024 * 1024;

let input: unknown = null;
try {
  input = JSON.parse(canOnlyDeny ? readFileSync(0, 'utf8') : (argument ?? readFileSync(0, 'utf8')));
} catch {
  // No hook of ours was meant: nothing to tell, nothing to decide.
}
if (file !== undefined && isObject(input)) {
  tell(file, input);
  process.stdout.write(replyTo(file, input));
}

/** One write at the end of the file: hooks of one agent may run side by side. */
function tell(hookFile: string, event: unknown): void {
  const line = JSON.stringify(event);
  try {
    if (line.length <= MAX_LINE_CHARS) appendFileSync(hookFile, `${line}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not become the agent's trouble; the screen is still there.
  }
}

function replyTo(hookFile: string, event: unknown): string {
  const directory = path.dirname(hookFile);
  if (textAt(event, 'source') === 'compact') return reminder(directory);
  if (textAt(event, 'hook_event_name') !== 'PreToolUse') return '';
  const answer = decide(path.join(directory, 'guard.json'), event);
  const { permissionDecision, permissionDecisionReason: reason } = answer.hookSpecificOutput ?? {};
  if (permissionDecision === 'deny') {
    tell(hookFile, { hook_event_name: 'ConduxtRefusal', tool: textAt(event, 'tool_name'), reason });
  }
  return permissionDecision === undefined || (canOnlyDeny && permissionDecision !== 'deny')
    ? ''
    : JSON.stringify(answer);
}

/** Without facts nothing is decided here; with facts that cannot be read, nothing is allowed. */
function decide(factsFile: string, event: unknown): HookAnswer {
  if (isOwnFile(path.dirname(factsFile), event)) {
    const permissionDecisionReason = 'It is a file of this run.';
    return {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', permissionDecisionReason },
    };
  }
  if (!existsSync(factsFile)) return {};
  try {
    // Written by the host into a directory that is the user's alone.
    const facts = JSON.parse(readFileSync(factsFile, 'utf8')) as HookFacts;
    return answerPreToolUse(event, canOnlyDeny ? { ...facts, mode: null } : facts);
  } catch {
    const permissionDecisionReason = 'conduxt could not read its rules, so it allows nothing';
    return {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason },
    };
  }
}

/** Its own prompt to read, its own answer to write: under no permission mode a question. */
function isOwnFile(directory: string, event: unknown): boolean {
  const file = textAt(objectAt(event, 'tool_input'), 'file_path') ?? '';
  if (path.dirname(file) !== directory) return false;
  const name = path.basename(file);
  const tool = textAt(event, 'tool_name');
  return tool === 'Read' ? name.startsWith('prompt-') : tool === 'Write' && ['callback.json', 'phase'].includes(name);
}

function reminder(directory: string): string {
  try {
    const turn: unknown = JSON.parse(readFileSync(path.join(directory, 'turn.json'), 'utf8'));
    const promptFile = textAt(turn, 'promptFile');
    if (promptFile === null) return '';
    return `Your instructions for the turn you are in are in the file "${promptFile}". Read it again before you go on: how to end the turn is at its end.\n`;
  } catch {
    // Between two turns there are none.
    return '';
  }
}
