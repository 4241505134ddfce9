import { crc32 } from './crc32.ts';
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

export const TRANSCRIPT_END = '}\n';

/** The whole line. */
export const encodeTranscript = (prefix: TranscriptPrefix, message: Buffer): Buffer =>
  Buffer.concat([Buffer.from(transcriptHead(prefix, message)), message, Buffer.from(TRANSCRIPT_END)]);

/** Ids are ULIDs with a short prefix: nothing in the prefix needs unescaping. */
const HEAD = /^\{"seq":(\d+),"epoch":(\d+),"t":(\d+),"turn":(null|"[\w-]*"),"n":(\d+),"c":"([0-9a-f]{8})","m":/;
const MAX_HEAD_BYTES = 200;

/** The record of one line without its newline; null when it is damaged. */
export function decodeTranscript(line: Buffer): TranscriptRecord | null {
  const match = HEAD.exec(line.toString('latin1', 0, MAX_HEAD_BYTES));
  if (match === null) return null;
  const [head, seq, epoch, at, turn, length, crc] = match;
  const message = line.subarray(head.length, line.length - 1);
  if (message.length !== Number(length) || crc === undefined || crc32(message) !== parseInt(crc, 16)) return null;
  return {
    seq: Number(seq),
    epoch: Number(epoch),
    atMs: Number(at),
    turnId: turn === 'null' || turn === undefined ? null : turn.slice(1, -1),
    message,
  };
}

/** Only the sequence number: cheap enough to scan for a cursor. Null for a damaged line. */
export function transcriptSeq(line: Buffer): number | null {
  const match = /^\{"seq":(\d+),/.exec(line.subarray(0, 40).toString('latin1'));
  return match === null ? null : Number(match[1]);
}
