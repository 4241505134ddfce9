import { findProgram } from './find-program.ts';

/** One finished child process. A non-zero exit is data, not an exception. */
export interface RunResult {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Null when it was ended by a signal or never started. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** True when there was more output than `maxOutputBytes`; the program was ended then. */
  readonly truncated: boolean;
  /** The system's code (`ENOENT`, `EACCES`) when the program could not be started. */
  readonly startError: string | null;
}

export interface RunOptions {
  readonly cwd: string;
  /** The complete environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Per stream; what comes after is dropped. Default 16 MiB. */
  readonly maxOutputBytes?: number;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs a short-lived program (git, gh) without a shell and collects its output. Resolves for every outcome. A name is
 * never looked up in the repository (`findProgram`).
 * The child is in a process group of its own, so that on timeout or abort what it started ends with it.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  // Loaded with the first program that is run: a host without a repository never needs its 14 MB.
  const { execa } = await import('execa');
  const found = findProgram(command, options.env, options.cwd);
  if (found === null) return notFound(command, args, options.cwd);
  const child = execa(found.program, args, {
    cwd: options.cwd,
    env: options.env['PATH'] === undefined ? options.env : { ...options.env, PATH: found.path },
    extendEnv: false,
    reject: false,
    detached: true,
    cleanup: true,
    stripFinalNewline: false,
    maxBuffer: options.maxOutputBytes ?? MAX_OUTPUT_BYTES,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  let timedOut = false;
  const endGroup = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is already gone.
    }
  };
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          endGroup();
        }, options.timeoutMs);
  options.signal?.addEventListener('abort', endGroup, { once: true });
  if (options.signal?.aborted === true) endGroup();
  try {
    const result = await child;
    return {
      command,
      args,
      cwd: options.cwd,
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      stdout: result.stdout,
      stderr: result.stderr,
      timedOut,
      truncated: result.isMaxBuffer,
      startError: result.exitCode === undefined && result.signal === undefined ? (result.code ?? 'UNKNOWN') : null,
    };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', endGroup);
  }
}

const notFound = (command: string, args: readonly string[], cwd: string): RunResult => ({
  ...{ command, args, cwd, exitCode: null, signal: null, stdout: '', stderr: '' },
  ...{ timedOut: false, truncated: false, startError: 'ENOENT' },
});

/** The command as a person would read it in an error message; only for showing. */
export const showCommand = (command: string, args: readonly string[]): string =>
  [command, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
