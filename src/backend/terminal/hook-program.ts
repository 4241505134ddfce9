/**
 * What an agent's hooks run: `terminal-hook.js <hook file> [codex's JSON]`. Appends the hook's input as one line.
 * It never fails and says nothing, so that it never stops an agent; but after a compaction it reminds Claude of where
 * its instructions are (what a SessionStart hook prints becomes context).
 */
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [file, argument] = process.argv.slice(2);
const MAX_LINE_CHARS = 4 * 1024 * 1024;

try {
  const input: unknown = JSON.parse(argument ?? readFileSync(0, 'utf8'));
  const line = JSON.stringify(input);
  if (file !== undefined && line.length <= MAX_LINE_CHARS) {
    // One write at the end of the file: hooks of one agent may run side by side.
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
    if (isCompaction(input)) process.stdout.write(reminder(path.dirname(file)));
  }
} catch {
  // A hook's trouble must not become the agent's; the screen is still there.
}

function isCompaction(input: unknown): boolean {
  return typeof input === 'object' && input !== null && 'source' in input && input.source === 'compact';
}

function reminder(directory: string): string {
  const turn: unknown = JSON.parse(readFileSync(path.join(directory, 'turn.json'), 'utf8'));
  if (typeof turn !== 'object' || turn === null || !('promptFile' in turn)) return '';
  return `Your instructions for the turn you are in are in the file "${String(turn.promptFile)}". Read it again before you go on: how to end the turn is at its end.\n`;
}
