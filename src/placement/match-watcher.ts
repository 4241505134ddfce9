/**
 * `match-watcher.js <order file>`: waits until a terminal prints what its order names, tells a session once, and leaves;
 * also when the terminal is over. Costs nothing meanwhile: it looks when the log has changed.
 */
import { watch } from 'node:fs';
import path from 'node:path';
import { isAlive } from '../process/identity.ts';
import { run } from '../process/run.ts';
import { oneLine } from '../text/sanitize.ts';
import { ownProgram } from '../tmux/programs.ts';
import { GrownLines } from './grown-lines.ts';
import { readOrder, writeOutcome, type MatchOrder } from './match-order.ts';
import { asPattern, firstMatch } from './readiness.ts';

/** Between looks at whether the terminal still lives; nothing announces its end. */
const PULSE_MS = 2_000;
const TELL_TIMEOUT_MS = 60_000;
const MAX_TOLD_CHARS = 500;

const file = process.argv[2] ?? '';
const order = readOrder(file);
if (order !== null) follow(order);

function follow(found: MatchOrder): void {
  const lines = new GrownLines(found.logFile, found.fromByte);
  const pattern = asPattern(found.pattern);
  let isDone = false;
  const look = (): void => {
    if (isDone) return;
    // Before the last lines are read: what it prints at its end counts.
    const lives = isAlive(found.process);
    const matched = firstMatch(lines.next().join('\n'), pattern);
    if (matched === null && lives) return;
    isDone = true;
    watcher.close();
    clearInterval(pulse);
    if (matched !== null) void tell(found, oneLine(matched, MAX_TOLD_CHARS));
  };
  const watcher = watch(path.dirname(found.logFile), look);
  watcher.on('error', look);
  const pulse = setInterval(look, PULSE_MS);
  look();
}

/** Through the command itself, so that a session without a host gets one. The key makes it once, whatever happens. */
async function tell({ sessionId, terminalId, terminalName }: MatchOrder, matched: string): Promise<void> {
  const [node, flag, program] = ownProgram('conduxt.js', '../cli/bin.ts');
  const text = `The command in the terminal ${terminalName} printed: ${matched}`;
  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const args = [flag, program, 'tell', sessionId, '--key', `match/${terminalId}`, '-'];
  const result = await run(node, args, { cwd: '/', env, input: text, timeoutMs: TELL_TIMEOUT_MS });
  const told = result.exitCode === 0;
  writeOutcome(file, { matched, told, problem: told ? null : oneLine(result.stderr, 300) });
}
