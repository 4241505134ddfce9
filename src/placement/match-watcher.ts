/**
 * `match-watcher.js <order file>`: waits until a terminal prints what its order names, tells a session, as often as the
 * order says, and leaves; also when the terminal is over. Costs nothing meanwhile: it looks when the log has changed.
 */
import { watch } from 'node:fs';
import path from 'node:path';
import { monotonicMs } from '../clock.ts';
import { isAlive } from '../process/identity.ts';
import { run } from '../process/run.ts';
import { oneLine } from '../text/sanitize.ts';
import { ownProgram } from '../tmux/programs.ts';
import { GrownLines } from './grown-lines.ts';
import { admit, closedGate, due } from './match-gate.ts';
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
  const { times, pauseMs } = found;
  const grown = new GrownLines(found.logFile, found.fromByte);
  const pattern = asPattern(found.pattern);
  let gate = closedGate;
  let isTelling = false;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (isTelling) return;
    // Before the last lines are read: what it prints at its end counts.
    const isEnding = !isAlive(found.process);
    const lines = grown.next();
    // The last one is not complete, and comes again when it is; where one match is enough, that would be too late.
    const read = times === 1 || isEnding ? lines : lines.slice(0, -1);
    gate = admit(
      gate,
      read.flatMap((line) => firstMatch(line, pattern) ?? []),
    );
    const next = due(gate, found, monotonicMs(), isEnding);
    clearTimeout(timer);
    if (next.type === 'later') timer = setTimeout(look, Math.min(next.inMs, pauseMs));
    if (next.type === 'over') return leave();
    if (next.type !== 'tell') return;
    ({ gate } = next);
    isTelling = true;
    const [said, leftOut] = times === 1 ? [next.lines.slice(0, 1), 0] : [next.lines, next.leftOut];
    void tell(found, said, leftOut, gate.told).finally(() => {
      isTelling = false;
      look();
    });
  };
  const watcher = watch(path.dirname(found.logFile), look);
  watcher.on('error', look);
  const pulse = setInterval(look, PULSE_MS);
  const leave = (): void => {
    watcher.close();
    clearInterval(pulse);
  };
  look();
}

/** Through the command itself, so that a session without a host gets one. The key makes it once, whatever happens. */
async function tell(
  { sessionId, terminalId, terminalName }: MatchOrder,
  lines: readonly string[],
  leftOut: number,
  time: number,
): Promise<void> {
  const [node, flag, program] = ownProgram('conduxt.js', '../cli/bin.ts');
  const matched = lines.map((line) => oneLine(line, MAX_TOLD_CHARS)).join('\n');
  const more = leftOut === 0 ? '' : `\n(and ${leftOut} more)`;
  const text = `The command in the terminal ${terminalName} printed: ${matched}${more}`;
  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const key = time === 1 ? `match/${terminalId}` : `match/${terminalId}/${time}`;
  const args = [flag, program, 'tell', sessionId, '--key', key, '-'];
  const result = await run(node, args, { cwd: '/', env, input: text, timeoutMs: TELL_TIMEOUT_MS });
  const told = result.exitCode === 0;
  writeOutcome(file, { matched, told, problem: told ? null : oneLine(result.stderr, 300), times: time });
}
