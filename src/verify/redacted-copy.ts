import type { Readable } from 'node:stream';
import { systemCode } from '../errors.ts';
import { ChunkRedactor, type Released } from '../text/chunk-redactor.ts';
import type { Redactor } from '../text/redact.ts';
import type { MayGoOn } from '../text/secret-beginnings.ts';
import type { OutputLog } from './output-log.ts';

/** What finds secrets in the output of a program, also those that come in pieces. */
export interface SecretFinder {
  readonly redact: Redactor;
  readonly mayGoOn: MayGoOn;
}

/** Far less than a redactor holds back: where a piece ends in the beginning of a secret, the next one is looked at with it. */
const PIECE_BYTES = 4096;

/**
 * Copies a program's output to the log, without secrets; what holds none is copied byte by byte. Back-pressure: nothing is
 * read from the program while the last piece is being written.
 * @throws ConduxtError `log-not-written`
 */
export async function copyRedacted(stream: Readable, log: OutputLog, { redact, mayGoOn }: SecretFinder): Promise<void> {
  const redactor = new ChunkRedactor<Buffer>(redact, mayGoOn);
  const decoder = new TextDecoder();
  const write = async (released: readonly Released<Buffer>[]): Promise<void> => {
    for (const { item, text } of released) {
      const safe = text ?? redact(item.toString());
      if (safe !== '') await log.write(text === null && safe === item.toString() ? item : Buffer.from(safe));
    }
  };
  try {
    for await (const chunk of stream) {
      for (const item of piecesOf(chunk as Buffer))
        await write(redactor.push({ item, piece: { of: 'output', text: decoder.decode(item, { stream: true }) } }));
    }
  } catch (error) {
    // Destroyed by us at the end, or torn off with the process: what came before is in the log.
    if (systemCode(error) === 'log-not-written') throw error;
  }
  await write(redactor.flush());
}

function* piecesOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
}
