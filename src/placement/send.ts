import { setTimeout as delay } from 'node:timers/promises';
import { refused } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { cleanInput } from '../tmux/clean-input.ts';
import type { TmuxServer } from '../tmux/server.ts';

export interface Sending {
  readonly text: string;
  readonly enter: boolean;
  /** Empty the line first, and see that it is empty. */
  readonly clear: boolean;
}

const CLEAR_TRIES = 3;
const DRAW_MS = 60;

/** What a shell shows at the end of the line in which it waits; also of common Python, Node and SQL prompts. */
const PROMPT = /(?:[$%#>❯›»λ➜⟩]|[)\]}])\s*$/;

/**
 * Whether a prompt with nothing behind it stands left of the cursor.
 * @param line of the cursor; @param column of the cursor, counted from 0.
 */
export function isEmptyPrompt(line: string, column: number): boolean {
  const [before, behind] = [line.slice(0, column), line.slice(column)];
  return behind.trim() === '' && (before.trim() === '' || PROMPT.test(before));
}

/**
 * Types a text into a pane as one paste, and Enter apart. What somebody left in the line is removed first, and seen to be
 * gone: a command must never be appended to half of another one.
 * @returns how many control characters were left out.
 * @throws `residual-input` (exit 6) when the line does not become empty.
 */
export async function sendText(server: TmuxServer, paneId: string, sending: Sending): Promise<number> {
  const { text, stripped } = cleanInput(sending.text);
  await server.leaveMode(paneId);
  if (sending.clear) await clearLine(server, paneId);
  if (text !== '') await server.paste(paneId, text);
  if (sending.enter) await server.press(paneId, ['Enter']);
  return stripped;
}

async function clearLine(server: TmuxServer, paneId: string): Promise<void> {
  for (let tried = 0; tried < CLEAR_TRIES; tried += 1) {
    // To the end first: C-u removes what is left of the cursor only.
    await server.press(paneId, ['C-e', 'C-u']);
    // A line editor draws when it has read the keys; nothing says when.
    await delay(DRAW_MS * (tried + 1));
    const { line, column } = await cursorLine(server, paneId);
    if (isEmptyPrompt(line, column)) return;
  }
  const { line } = await cursorLine(server, paneId);
  throw refused('residual-input', `Its line does not become empty: "${oneLine(line, 100)}".`, {
    remedy: 'Look with conduxt terminal capture; interrupt it, or send with --no-clear.',
    facts: { line: oneLine(line, 200) },
  });
}

async function cursorLine(
  server: TmuxServer,
  paneId: string,
): Promise<{ readonly line: string; readonly column: number }> {
  const where = ['display-message', '-p', '-t', paneId, '#{cursor_y} #{cursor_x}'];
  const { stdout } = await server.call([where, ['capture-pane', '-p', '-N', '-t', paneId]]);
  const [first = '', ...screen] = stdout.split('\n');
  const [row = 0, column = 0] = first.split(' ').map(Number);
  return { line: screen[row] ?? '', column };
}
