import { ConduxtError, ExitCode, ioError, messageOf, systemCode } from '../errors.ts';
import { sanitize } from '../text/sanitize.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import type { Printer } from './printer.ts';

/** What every command prints with `--json` when it fails. */
export interface ErrorJson {
  readonly schemaVersion: 1;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string | null;
    readonly exitCode: number;
    readonly facts: Readonly<Record<string, unknown>>;
  };
}

/** The one place that turns an error into text and exit code. */
export function reportError(thrown: unknown, printer: Printer): number {
  const error = asDiskError(thrown);
  if (error instanceof ConduxtError) {
    if (printer.json) printer.record(errorJson(error));
    else {
      printer.note([
        { text: 'conduxt: ', tone: 'bad' },
        { text: sanitize(error.message), tone: 'plain' },
      ]);
      if (error.remedy !== undefined) printer.note(`  → ${sanitize(error.remedy)}`);
    }
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (printer.json) {
    printer.record({
      schemaVersion: SCHEMA_VERSION,
      error: {
        code: 'internal',
        message: `Internal error: ${messageOf(error)}`,
        remedy: 'Please report this with the stack that is on stderr.',
        exitCode: ExitCode.internal,
        facts: {},
      },
    });
  }
  printer.note(`conduxt: Internal error: ${sanitize(stack)}`);
  return ExitCode.internal;
}

/** The disk or its permissions, wherever we ran into them: nothing a stack would explain. */
const DISK_CODES = new Set([
  'EACCES',
  'EPERM',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOTDIR',
  'ELOOP',
]);

function asDiskError(error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof ConduxtError || code === undefined || !DISK_CODES.has(code)) return error;
  return ioError('io-failed', `${messageOf(error)}.`, {
    remedy: 'Check permissions and free space, or set CONDUXT_HOME to a directory you can write.',
    cause: error,
  });
}

export const errorJson = (error: ConduxtError): ErrorJson => ({
  schemaVersion: SCHEMA_VERSION,
  error: {
    code: error.code,
    message: error.message,
    remedy: error.remedy ?? null,
    exitCode: error.exitCode,
    facts: error.facts,
  },
});
