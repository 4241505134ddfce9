import { open } from 'node:fs/promises';
import { messageOf, ioError, notFound, refused, systemCode, usageError, ConduxtError } from '../errors.ts';

const MAX_ENV_FILE_BYTES = 256 * 1024;

/**
 * Reads a file of `KEY=value` lines that holds an agent's keys for hosts that no shell started (cron). Empty lines and
 * `#` comments are skipped, `export ` and one pair of quotes around a value are taken off; nothing is expanded.
 * @throws `env-file-missing` (exit 4), `env-file-unsafe` (exit 6) when others can read it, `env-file-invalid` (exit 2)
 * naming the line but never its content, `env-file-unreadable` (exit 74).
 */
export async function readEnvFile(file: string): Promise<Record<string, string>> {
  return parseEnvFile(await readPrivateFile(file), file);
}

async function readPrivateFile(file: string): Promise<string> {
  try {
    // Checked and read through one handle: the file cannot be exchanged in between.
    const handle = await open(file, 'r');
    try {
      const facts = await handle.stat();
      if (!facts.isFile() || facts.size > MAX_ENV_FILE_BYTES) {
        throw usageError('env-file-invalid', `${file} is not a file of KEY=value lines.`, {
          remedy: 'Name a text file in agents.<name>.envFile.',
        });
      }
      const ours = process.getuid === undefined || facts.uid === process.getuid();
      if (!ours || (facts.mode & 0o077) !== 0) {
        throw refused(
          'env-file-unsafe',
          `${file} holds keys, but ${ours ? 'others can read it' : 'it belongs to another user'}.`,
          {
            remedy: ours ? `Run: chmod 600 ${file}` : `Make a copy that belongs to you, with mode 600.`,
          },
        );
      }
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ConduxtError) throw error;
    if (systemCode(error) === 'ENOENT') {
      throw notFound('env-file-missing', `The environment file ${file} does not exist.`, {
        remedy: 'Create it with mode 600, or take envFile out of the configuration.',
        cause: error,
      });
    }
    throw ioError('env-file-unreadable', `${file} could not be read: ${messageOf(error)}.`, {
      remedy: 'Check its owner and permissions.',
      cause: error,
    });
  }
}

/** @param file only for messages. */
export function parseEnvFile(text: string, file: string): Record<string, string> {
  const values = new Map<string, string>();
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined || value.includes('\0')) {
      throw usageError('env-file-invalid', `${file}, line ${index + 1}: this is not a KEY=value line.`, {
        remedy: 'Write one KEY=value per line; comments begin with #.',
      });
    }
    values.set(name, unquoted(value));
  }
  return Object.fromEntries(values);
}

const unquoted = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
