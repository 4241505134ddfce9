/**
 * What the user, or the world, got wrong: a sentence with the facts, a stable code, an exit code and a way on.
 * Everything else that is thrown is a bug and is shown as one. Never decide by `message`; decide by `code`.
 */

/** Exit codes of the command line (README, "Exit codes"). They are a public contract. */
export const ExitCode = {
  done: 0,
  taskFailed: 1,
  usage: 2,
  needsPerson: 3,
  notFound: 4,
  unavailable: 5,
  refused: 6,
  timedOut: 7,
  cancelled: 8,
  prBlocked: 9,
  overBudget: 10,
  internal: 70,
  io: 74,
  held: 75,
  /** Of `conduxt exec` alone, as in `env` and `timeout`: whatever is not the command's own code. */
  execFailed: 125,
  notExecutable: 126,
  commandNotFound: 127,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ErrorOptions {
  /** What to type or check next, in one sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
  /** Facts for `--json`: plain values only. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** An error a person can act on. `code` is kebab-case and never changes its meaning. */
export class ConduxtError extends Error {
  override readonly name = 'ConduxtError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: string, exitCode: ExitCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = exitCode;
    this.remedy = options.remedy;
    this.facts = options.facts ?? {};
  }
}

export const usageError = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.usage, message, options);
export const notFound = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.notFound, message, options);
export const unavailable = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.unavailable, message, options);
export const refused = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.refused, message, options);
export const ioError = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.io, message, options);
export const heldElsewhere = (code: string, message: string, options?: ErrorOptions): ConduxtError =>
  new ConduxtError(code, ExitCode.held, message, options);

/** The `code` of a Node system error (`ENOENT`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const NO_ROOM_TO_OPEN = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'too-many-files']);

/** No room for another file or process, in whatever it is wrapped: the machine's trouble, and it may pass. */
export function isExhausted(error: unknown): boolean {
  for (let one = error; one !== undefined && one !== null; one = one instanceof Error ? one.cause : undefined) {
    if (NO_ROOM_TO_OPEN.has(systemCode(one) ?? '')) return true;
  }
  return false;
}

const NO_ROOM_ON_DISK = new Set(['ENOSPC', 'EDQUOT', 'disk-full']);
/** The journal takes nothing more from this process, whatever the cause: only another one can read how much is there. */
const JOURNAL_IS_OVER = new Set(['journal-sync-failed', 'journal-broken', 'journal-lost']);

/** The disk, or the user's part of it, is full, in whatever that is wrapped: it passes when somebody makes room. */
export function isDiskFull(error: unknown): boolean {
  for (let one = error; one !== undefined && one !== null; one = one instanceof Error ? one.cause : undefined) {
    if (JOURNAL_IS_OVER.has(systemCode(one) ?? '')) return false;
    if (NO_ROOM_ON_DISK.has(systemCode(one) ?? '')) return true;
  }
  return false;
}

/** For what could not be done because of it. */
export const tooManyFiles = (what: string, code: string, cause?: unknown): ConduxtError =>
  ioError('too-many-files', `${what}: ${code}.`, {
    remedy: 'Too many files or processes are open; see ulimit -n and ulimit -u, then try again.',
    ...(cause === undefined ? {} : { cause }),
  });

/** The one conversion of a caught `unknown` into a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The end of an exhaustive `switch`: a compile error when a case is missing. */
export function unreachable(value: never, what = 'value'): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}
