import { crc32 } from './crc32.ts';
import { HeadReader } from './head-reader.ts';
import { checksum } from './record-line.ts';

/**
 * One line of `transcript.ndjson`: a small prefix and, as its last field, the agent's line as it came (redacted where
 * a secret was found). `n` and `c` are length in bytes and CRC-32 of `m`, so a reader can take it without parsing.
 * Field order is fixed; the whole line is JSON and reads with `jq`.
 */
export interface TranscriptPrefix {
  readonly seq: number;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly turnId: string | null;
}

export interface TranscriptRecord extends TranscriptPrefix {
  /** The agent's message, unparsed. */
  readonly message: Buffer;
}

/** What stands before `message`, one whole JSON value without a newline; behind it stands `TRANSCRIPT_END`. All ASCII. */
export function transcriptHead(prefix: TranscriptPrefix, message: Buffer): string {
  return (
    `{"seq":${prefix.seq},"epoch":${prefix.epoch},"t":${prefix.atMs},"turn":${JSON.stringify(prefix.turnId)},` +
    `"n":${message.length},"c":"${checksum(message)}","m":`
  );
}

const word = (text: string): Buffer => Buffer.from(text, 'latin1');
/** What stands between the values of the prefix. */
const WORDS = {
  seq: word('{"seq":'),
  epoch: word(',"epoch":'),
  at: word(',"t":'),
  turn: word(',"turn":'),
  bytes: word(',"n":'),
  checksum: word(',"c":"'),
  message: word('","m":'),
};

const CLOSE = 0x7d;
export const TRANSCRIPT_END = '}\n';

/** The whole line. */
export const encodeTranscript = (prefix: TranscriptPrefix, message: Buffer): Buffer =>
  Buffer.concat([Buffer.from(transcriptHead(prefix, message)), message, Buffer.from(TRANSCRIPT_END)]);

/** The record of one line without its newline; null when it is damaged. @param likelyTurn saves making the same text anew */
export function decodeTranscript(line: Buffer, likelyTurn: string | null = null): TranscriptRecord | null {
  const head = new HeadReader(line);
  head.word(WORDS.seq);
  const seq = head.number();
  head.word(WORDS.epoch);
  const epoch = head.number();
  head.word(WORDS.at);
  const atMs = head.number();
  head.word(WORDS.turn);
  const turnId = head.id(likelyTurn);
  head.word(WORDS.bytes);
  const bytes = head.number();
  head.word(WORDS.checksum);
  const sum = head.checksum();
  head.word(WORDS.message);
  if (head.at + bytes !== line.length - 1 || line[line.length - 1] !== CLOSE) return null;
  const message = line.subarray(head.at, line.length - 1);
  return crc32(message) === sum ? { seq, epoch, atMs, turnId, message } : null;
}

/** Only the sequence number: cheap enough to scan for a cursor. Null for a damaged line. */
export function transcriptSeq(line: Buffer): number | null {
  const match = /^\{"seq":(\d+),/.exec(line.subarray(0, 40).toString('latin1'));
  return match === null ? null : Number(match[1]);
}
