import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProgramEnd {
  /** Null when it was ended by a signal, or could not be started. */
  readonly exitCode: number | null;
  /** Both streams, the end of them. */
  readonly output: string;
}

const MAX_OUTPUT_CHARACTERS = 200_000;
const TIMEOUT_MS = 10 * 60 * 1000;
/** git takes its lock files away when it is told to end, which a KILL would leave. */
const TERM_PATIENCE_MS = 1000;

/** Group leaders that are running now. */
const running = new Set<number>();

/**
 * Runs a program without a shell and waits for it. Aborting ends it with everything in its process group.
 * Never rejects; a program that is not there has an exit code of null.
 */
export async function runProgram(command: readonly string[], cwd: string, signal: AbortSignal): Promise<ProgramEnd> {
  const [program = '', ...args] = command;
  // Set by node:test in what it starts; a test run in there would report to it instead of printing.
  const { NODE_TEST_CONTEXT: _unused, ...env } = process.env;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-MAX_OUTPUT_CHARACTERS);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup(pid, 'SIGTERM');
    killTimer ??= setTimeout(() => signalGroup(pid, 'SIGKILL'), TERM_PATIENCE_MS);
  };
  const timer = setTimeout(end, TIMEOUT_MS);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const exitCode = await new Promise<number | null>((resolve) => {
      // What it left running would hold the streams open.
      child.once('exit', () => signalGroup(pid, 'SIGTERM'));
      child.once('close', resolve);
      child.once('error', (error) => {
        keep(error.message);
        resolve(null);
      });
    });
    return { exitCode, output };
  } finally {
    clearTimeout(timer);
    clearTimeout(killTimer);
    signal.removeEventListener('abort', end);
    if (pid !== undefined) running.delete(pid);
  }
}

/** Ends everything that runs. For the end of the process itself. */
export async function endPrograms(): Promise<void> {
  for (const pid of running) signalGroup(pid, 'SIGTERM');
  const end = performance.now() + TERM_PATIENCE_MS;
  while (running.size > 0 && performance.now() < end) await delay(10);
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Over already.
  }
}
