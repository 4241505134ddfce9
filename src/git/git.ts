import { existsSync } from 'node:fs';
import { ConduxtError, ExitCode, isExhausted, tooManyFiles, unavailable } from '../errors.ts';
import { run, showCommand, type RunResult } from '../process/run.ts';
import { sanitize } from '../text/sanitize.ts';

/** Runs git in one directory. */
export interface Git {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /**
   * Runs `git <args>` and resolves when its exit code is one of `okCodes` (default: 0 alone).
   * @throws ConduxtError `git-failed` with command, directory, exit code and stderr; `git-missing`; `git-timeout`;
   *   `git-output-too-large`.
   */
  run(args: readonly string[], options?: GitRunOptions): Promise<RunResult>;
  /** The same, and the first line of its output without the line end. */
  line(args: readonly string[], options?: GitRunOptions): Promise<string>;
  /** The same git with more in its environment. */
  withEnv(extra: Readonly<Record<string, string>>): Git;
}

export interface GitRunOptions {
  readonly input?: string | Buffer;
  /** Default two minutes: every call ends, also one that waits for a remote. */
  readonly timeoutMs?: number;
  readonly okCodes?: readonly number[];
  readonly maxOutputBytes?: number;
  /** A list of which the beginning is enough: its output ends after the last complete entry (`-z`) that fits. */
  readonly mayBeCut?: boolean;
}

export interface GitOptions {
  readonly cwd: string;
  /** Complete; see `gitEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/**
 * Settings of every call. An agent can write the repository's shared configuration, so nothing in it may make *our*
 * git start a program. What cannot be switched off by name (filter.*, textconv) is watched by `config-guard.ts`.
 */
const SETTINGS = [
  'core.fsmonitor=false', // would run on `status`
  'core.hooksPath=/dev/null', // post-checkout would run on `worktree add`
  'core.fsync=all', // by default loose objects are not synced: a power loss took 15 of 15 commits (measured)
  'core.quotePath=false',
  'core.pager=cat',
  'core.editor=false',
  'protocol.ext.allow=never', // `ext::` remotes are shell commands
  'protocol.file.allow=user',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'push.recurseSubmodules=no',
  'gc.auto=0', // a detached clean-up would outlive the call
  'maintenance.auto=false',
  'credential.interactive=false',
  'log.showSignature=false', // would run gpg
  'advice.detachedHead=false',
  'advice.graftFileDeprecated=false', // GIT_GRAFT_FILE below has git say it, before the reason of a failure
];

const FIXED_ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '', // empty switches every askpass program off
  GIT_OPTIONAL_LOCKS: '0', // reading never takes the index lock away from the agent
  GIT_NO_REPLACE_OBJECTS: '1', // refs/replace is the agent's to write: a commit is what its hash says
  GIT_GRAFT_FILE: '/dev/null',
  GIT_LITERAL_PATHSPECS: '1', // a file called `:(top)` is a file
  GIT_LFS_SKIP_SMUDGE: '1',
  GIT_PAGER: 'cat',
  GCM_INTERACTIVE: 'never',
};

/** Creates the runner for one directory. Nothing is started. */
export function createGit(options: GitOptions): Git {
  const env = { ...options.env, ...FIXED_ENVIRONMENT };
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const runGit = async (args: readonly string[], runOptions: GitRunOptions = {}): Promise<RunResult> => {
    const timeoutMs = runOptions.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const result = await run('git', ['--no-pager', ...settings, ...args], {
      cwd: options.cwd,
      env,
      timeoutMs,
      ...(runOptions.input === undefined ? {} : { input: runOptions.input }),
      ...(runOptions.maxOutputBytes === undefined ? {} : { maxOutputBytes: runOptions.maxOutputBytes }),
    });
    if (result.truncated && runOptions.mayBeCut === true && !result.timedOut)
      return { ...result, stdout: result.stdout.slice(0, result.stdout.lastIndexOf('\0') + 1) };
    const okCodes = runOptions.okCodes ?? [0];
    if (result.exitCode !== null && !result.truncated && okCodes.includes(result.exitCode)) return result;
    throw gitError(result, args, timeoutMs);
  };
  return {
    cwd: options.cwd,
    env: options.env,
    run: runGit,
    line: async (args, runOptions) => (await runGit(args, runOptions)).stdout.split('\n', 1)[0] ?? '',
    withEnv: (extra) => createGit({ cwd: options.cwd, env: { ...options.env, ...extra } }),
  };
}

/** Turns a failed run into an error that says which command failed, where and why. */
function gitError(result: RunResult, args: readonly string[], timeoutMs: number): ConduxtError {
  if (result.startError !== null) return startFailure(result);
  const command = showCommand('git', args.map(withoutCredentials));
  const stderr = cleanStderr(result.stderr);
  const facts = { command, cwd: result.cwd, exitCode: result.exitCode, signal: result.signal, stderr };
  if (result.truncated) {
    return new ConduxtError('git-output-too-large', ExitCode.io, `\`${command}\` in ${result.cwd} says too much.`, {
      facts,
      remedy: 'Is a build tree, or a directory like node_modules, not ignored or even committed?',
    });
  }
  if (result.timedOut) {
    return new ConduxtError(
      'git-timeout',
      ExitCode.unavailable,
      `\`${command}\` in ${result.cwd} did not end in ${timeoutMs} ms.`,
      {
        facts,
        remedy: 'If it talks to a remote, check the network and the remote, then try again.',
      },
    );
  }
  const end =
    result.exitCode === null
      ? `was ended by ${result.signal ?? 'a signal'}`
      : `failed with exit code ${result.exitCode}`;
  const message = `\`${command}\` in ${result.cwd} ${end}${stderr === '' ? '.' : `: ${stderr}`}`;
  return new ConduxtError('git-failed', ExitCode.io, message, { facts });
}

function startFailure(result: RunResult): ConduxtError {
  // A missing directory and a missing program are the same ENOENT to the system.
  if (result.startError === 'ENOENT' && !existsSync(result.cwd)) {
    return new ConduxtError('directory-missing', ExitCode.io, `The directory ${result.cwd} does not exist.`, {
      facts: { cwd: result.cwd },
    });
  }
  const { startError } = result;
  if (startError !== null && isExhausted({ code: startError }))
    return tooManyFiles('git could not be started', startError);
  return unavailable('git-missing', `git could not be started (${result.startError ?? 'unknown reason'}).`, {
    remedy: 'Install git 2.31 or newer and make sure it is on the PATH.',
    facts: { startError: result.startError },
  });
}

const MAX_STDERR_CHARS = 2000;

/** Git's own words for a person: safe to print, without passwords, bounded. */
export function cleanStderr(stderr: string): string {
  const text = withoutCredentials(sanitize(stderr)).trim();
  return text.length <= MAX_STDERR_CHARS ? text : `…${text.slice(-MAX_STDERR_CHARS)}`;
}

/** Addresses without what could be a secret: all before the `@` for http, the password elsewhere (`ssh://git@` stays). */
export const withoutCredentials = (text: string): string =>
  text.replace(/(\bhttps?:\/\/)[^/\s@]*@/gi, '$1').replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^/\s@:]*):[^/\s@]*@/gi, '$1@');
