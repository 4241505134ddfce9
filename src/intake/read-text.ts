import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, notFound, systemCode, usageError, type ConduxtError } from '../errors.ts';
import { MAX_PROMPT_BYTES, tooLarge } from './prompt-size.ts';

/**
 * The text of a file the user named, or of standard input.
 * @throws `file-not-found` (exit 4), `not-a-file`, `prompt-too-large`, `prompt-not-text` (exit 2).
 */
export async function readTaskFile(path: string, cwd: string): Promise<string> {
  const absolute = resolve(cwd, path);
  let file;
  try {
    await refuseNamedPipe(absolute);
    file = await open(absolute, 'r');
  } catch (error) {
    throw isOurs(error) ? error : cannotRead(absolute, error);
  }
  try {
    const info = await file.stat();
    if (info.isDirectory()) {
      throw usageError('not-a-file', `${absolute} is a directory.`, {
        remedy: 'Name a text file.',
        facts: { path: absolute },
      });
    }
    return await readBounded(file.createReadStream({ autoClose: false, end: MAX_PROMPT_BYTES }), absolute);
  } catch (error) {
    throw systemCode(error) === undefined || isOurs(error) ? error : cannotRead(absolute, error);
  } finally {
    await file.close();
  }
}

/** Opening one waits for somebody to write, perhaps for ever. A shell's `<(…)` is a pipe that is open already. */
async function refuseNamedPipe(path: string): Promise<void> {
  if (/^\/(?:dev|proc)\//.test(path) || !(await stat(path)).isFIFO()) return;
  throw usageError('not-a-file', `${path} is a pipe.`, {
    remedy: `Read it as standard input: - < ${path}`,
    facts: { path },
  });
}

const isOurs = (error: unknown): boolean => error instanceof Error && error.name === 'ConduxtError';

/** Collects a stream of bytes as text; `what` names it in errors. */
export async function readBounded(stream: AsyncIterable<unknown>, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part =
      typeof chunk === 'string' ? Buffer.from(chunk) : chunk instanceof Uint8Array ? Buffer.from(chunk) : null;
    if (part === null) throw new Error(`${what} is not a stream of bytes`);
    bytes += part.length;
    if (bytes > MAX_PROMPT_BYTES) throw tooLarge(what);
    chunks.push(part);
  }
  return asText(Buffer.concat(chunks), what);
}

function asText(bytes: Buffer, what: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Not UTF-8: the same refusal.
  }
  throw usageError('prompt-not-text', `${what} is not UTF-8 text.`, { remedy: 'Convert it to UTF-8 text first.' });
}

function cannotRead(path: string, error: unknown): ConduxtError {
  if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') {
    return notFound('file-not-found', `There is no file ${path}.`, {
      remedy: 'Check the path given with --file.',
      facts: { path },
    });
  }
  return usageError('file-unreadable', `${path} could not be read: ${messageOf(error)}.`, {
    cause: error,
    facts: { path },
  });
}
