import { crc32 } from './crc32.ts';

/**
 * One journal line is the record's JSON with `"c":"<crc32 of everything before it>"` as its last field, so it is
 * checked without a second file and stays readable with `jq`.
 */
export function encodeRecord(record: object): Buffer {
  const json = JSON.stringify(record);
  const body = json.slice(0, -1);
  return Buffer.from(`${body},"c":"${checksum(Buffer.from(body))}"}\n`);
}

const TAIL = /^,"c":"([0-9a-f]{8})"\}$/;
const TAIL_BYTES = ',"c":"00000000"}'.length;

/** The record of one line without its newline, or null when the line is damaged. */
export function decodeRecord(line: Buffer): unknown {
  const end = line.length - TAIL_BYTES;
  const match = end < 0 ? null : TAIL.exec(line.toString('latin1', end));
  if (match === null || crc32(line, end) !== parseInt(match[1] ?? '', 16)) return null;
  try {
    return JSON.parse(line.toString('utf8', 0, end) + '}');
  } catch {
    return null;
  }
}

export const checksum = (bytes: Buffer): string => crc32(bytes).toString(16).padStart(8, '0');
