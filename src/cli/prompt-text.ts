import { usageError } from '../errors.ts';
import { checkSize } from '../intake/prompt-size.ts';
import type { Io } from './io.ts';

export interface TextSource {
  /** What was typed after the options. `-` alone stands for standard input. */
  readonly words: readonly string[];
  readonly file?: string | undefined;
}

/**
 * The text of a prompt from the command line, a file, or standard input.
 * @throws `empty-prompt`, `prompt-too-large`, `prompt-not-text` (exit 2), `file-not-found` (exit 4).
 */
export async function promptText(io: Io, { words, file }: TextSource): Promise<string> {
  if (file !== undefined && words.length > 0) {
    throw usageError('conflicting-options', 'Give the text as words or with --file, not both.');
  }
  const fromStdin = words.length === 1 && words[0] === '-';
  const text =
    file === undefined && !fromStdin ? checkSize(words.join(' '), 'The text') : await readFrom(file ?? null, io);
  if (text.trim() !== '') return text;
  throw usageError('empty-prompt', 'There is nothing to say to the agent: the text is empty.', {
    remedy: 'Write what you want done, in quotes; - reads standard input and --file a file.',
  });
}

async function readFrom(file: string | null, io: Io): Promise<string> {
  const { readBounded, readTaskFile } = await import('../intake/read-text.ts');
  return file === null ? readBounded(io.stdin, 'Standard input') : readTaskFile(file, io.cwd);
}
