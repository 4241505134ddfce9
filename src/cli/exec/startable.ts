import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { ConduxtError, ExitCode, systemCode } from '../../errors.ts';
import { oneLine } from '../../text/sanitize.ts';

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * For a command that another program starts for us, where nobody hears that it could not be. Looks where `execvp` does.
 * @throws `command-not-found` (exit 127) or `not-executable` (exit 126), as a shell says it.
 */
export function requireStartable(command: string, { env, cwd }: Place): void {
  const directories = command.includes('/') ? [''] : (env['PATH'] ?? '/bin:/usr/bin').split(path.delimiter);
  const problems = directories.map((directory) => problemWith(path.resolve(cwd, directory, command)));
  if (problems.includes(null)) return;
  throw cannotStart(command, problems.find((code) => code !== 'ENOENT') ?? 'ENOENT');
}

function problemWith(file: string): string | null {
  try {
    if (!statSync(file).isFile()) return 'EACCES';
    accessSync(file, constants.X_OK);
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOTDIR' ? 'ENOENT' : code;
  }
}

/** @param code the system's, for why it could not be started */
export function cannotStart(command: string, code: string): ConduxtError {
  const isMissing = code === 'ENOENT';
  return new ConduxtError(
    isMissing ? 'command-not-found' : 'not-executable',
    isMissing ? ExitCode.commandNotFound : ExitCode.notExecutable,
    isMissing ? `There is no program "${oneLine(command, 80)}".` : `"${oneLine(command, 80)}" cannot be run (${code}).`,
    { remedy: 'Check its spelling and the PATH; a shell line needs sh -c "…".' },
  );
}
