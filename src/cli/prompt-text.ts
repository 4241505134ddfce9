import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { ioError, messageOf, notFound, systemCode, usageError } from '../errors.ts';
import type { Io } from './io.ts';

/**
 * The longest text a prompt may have. Larger than any sensible instruction; whoever has more names a file in it.
 * A mebibyte is still accepted: it travels to the agent in one message and every agent tried took it.
 */
export const MAX_PROMPT_BYTES = 1024 * 1024;

export interface TextSource {
  /** What was typed after the options. `-` alone stands for standard input. */
  readonly words: readonly string[];
  readonly file?: string | undefined;
}

/** The text of a prompt from the command line, a file, or standard input. @throws `empty-prompt`, `prompt-too-long`. */
export async function promptText(io: Io, source: TextSource): Promise<string> {
  const fromStdin = source.words.length === 1 && source.words[0] === '-';
  if (source.file !== undefined && source.words.length > 0) {
    throw usageError('conflicting-options', 'Give the text as words or with --file, not both.');
  }
  const text =
    source.file !== undefined
      ? await readTextFile(source.file)
      : fromStdin
        ? await readAll(io.stdin, 'standard input')
        : source.words.join(' ');
  return checkText(text);
}

export function checkText(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PROMPT_BYTES) throw tooLong(bytes);
  if (text.trim() === '') {
    throw usageError('empty-prompt', 'There is nothing to say to the agent: the text is empty.', {
      remedy: 'Write what you want done, in quotes; - reads standard input and --file a file.',
    });
  }
  if (text.includes('\0')) {
    throw usageError('prompt-not-text', 'The text holds a NUL character, so it is not text.', {
      remedy: 'Give a text file; other files can be named in the text.',
    });
  }
  return text;
}

/** @throws `file-not-found` (exit 4), `file-unreadable` (exit 74), `prompt-too-long` (exit 2). */
export async function readTextFile(filePath: string): Promise<string> {
  try {
    return await readAll(createReadStream(filePath), filePath);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') {
      throw notFound('file-not-found', `There is no file ${filePath}.`, { remedy: 'Check the path.' });
    }
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw ioError('file-unreadable', `${filePath} could not be read: ${messageOf(error)}.`, { cause: error });
  }
}

async function readAll(stream: Readable, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_PROMPT_BYTES + 4) throw tooLong(bytes, what);
    chunks.push(piece);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

const tooLong = (bytes: number, what = 'The text'): Error =>
  usageError(
    'prompt-too-long',
    `${what} has ${what === 'The text' ? bytes : 'more than ' + String(MAX_PROMPT_BYTES)} bytes; ${MAX_PROMPT_BYTES} (1 MiB) are allowed.`,
    {
      remedy: 'Put the material into a file in the repository and name it in the text.',
      facts: { maxBytes: MAX_PROMPT_BYTES },
    },
  );
