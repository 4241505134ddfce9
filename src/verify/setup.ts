import { isAbsolute } from 'node:path';
import { monotonicMs } from '../clock.ts';
import type { SetupPlan, VerifyCommand } from '../session/record.ts';
import { failureExcerpt } from './excerpt.ts';
import { openOutputLog, type OutputLog } from './output-log.ts';
import { commandText, runLogged, type LoggedRunInput } from './run-logged.ts';
import { bringFiles } from './setup-files.ts';

export interface PrepareInput {
  readonly worktree: string;
  readonly mainCheckout: string;
  readonly plan: SetupPlan;
  /** The complete environment (`verificationEnvironment`). */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** The marker of what is started, and swept at the end: not the agent's own. */
  readonly sessionId: string;
  readonly signal: AbortSignal;
  readonly inside?: LoggedRunInput['inside'];
  readonly secrets?: LoggedRunInput['secrets'];
}

export interface SetupResult {
  readonly ok: boolean;
  /** The command that failed, else the last one; null when there was none. */
  readonly command: string | null;
  readonly exitCode: number | null;
  /** What went wrong; when all is well, what was left out and why, else empty. Sanitized, at most 4 KiB. */
  readonly excerpt: string;
  readonly durationMs: number;
}

/**
 * Makes a fresh worktree runnable: brings the listed files over from the main checkout, then runs the commands in
 * order; the first that fails ends it. Safe to repeat. The whole plan has `timeoutMs` together.
 * A detected command whose program is not installed is left out: the lockfile may belong to another part of the
 * repository, and if it does not, the verification says so.
 * @throws ConduxtError `setup-path-refused` for a listed path that leads out of the repository, `log-not-written`
 */
export async function prepareWorktree(input: PrepareInput): Promise<SetupResult> {
  const startedAt = monotonicMs();
  const log = await openOutputLog(input.logFile);
  try {
    const notes = await bringFiles(input);
    await say(log, notes);
    const result = await runCommands(input, log, startedAt);
    const { tail } = await log.end();
    const { ok, command, exitCode, why } = result;
    const excerpt = ok ? [...notes, ...result.notes] : [why, failureExcerpt(tail, MAX_OUTPUT_BYTES)];
    return {
      ok,
      command,
      exitCode,
      excerpt: failureExcerpt(excerpt.join('\n').trim()),
      durationMs: Math.round(monotonicMs() - startedAt),
    };
  } finally {
    // Also after an error, which is the one to report.
    await log.end().catch(() => {});
  }
}

/** Leaves room for the reason in front. */
const MAX_OUTPUT_BYTES = 3072;

interface CommandsResult {
  readonly ok: boolean;
  readonly command: string | null;
  readonly exitCode: number | null;
  readonly notes: readonly string[];
  readonly why: string;
}

async function runCommands(input: PrepareInput, log: OutputLog, startedAt: number): Promise<CommandsResult> {
  const { plan, worktree } = input;
  const notes: string[] = [];
  let last: { command: string; exitCode: number | null } | null = null;
  for (const command of plan.commands) {
    const text = commandText(command);
    const failed = (why: string, exitCode: number | null): CommandsResult => ({
      ok: false,
      command: text,
      exitCode,
      notes,
      why,
    });
    if (input.signal.aborted) return failed('interrupted', null);
    const leftMs = plan.timeoutMs - (monotonicMs() - startedAt);
    if (leftMs <= 0) return failed(`the time limit of ${plan.timeoutMs / 1000} s was over`, null);
    await say(log, [`$ ${text}`]);
    const run = await runLogged({ ...input, command, cwd: worktree, log, timeoutMs: leftMs });
    if (run.startError !== null) {
      const why = `${text}: ${run.startError.code === 'ENOENT' ? 'the program is not installed' : run.startError.message}`;
      await say(log, [why]);
      if (plan.from === 'detected' && run.startError.code === 'ENOENT' && !isOfWorktree(command)) {
        notes.push(`left out: ${why}`);
        continue;
      }
      return failed(why, null);
    }
    if (run.timedOut) return failed(`it did not end within ${plan.timeoutMs / 1000} s`, run.exitCode);
    if (run.exitCode !== 0) return failed('', run.exitCode);
    last = { command: text, exitCode: run.exitCode };
  }
  return { ok: true, command: last?.command ?? null, exitCode: last?.exitCode ?? null, notes, why: '' };
}

/** `.venv/bin/python`: made by an earlier command, so its absence is a failure. */
const isOfWorktree = (command: VerifyCommand): boolean => {
  const program = command.type === 'argv' ? (command.argv[0] ?? '') : '';
  return program.includes('/') && !isAbsolute(program);
};

async function say(log: OutputLog, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await log.write(Buffer.from(`${lines.join('\n')}\n`));
}
