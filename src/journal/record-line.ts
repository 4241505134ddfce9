import { crc32 } from 'node:zlib';

/**
 * One journal line is the record's JSON with `"c":"<crc32 of everything before it>"` as its last field, so it is
 * checked without a second file and stays readable with `jq`.
 */
export function encodeRecord(record: object): Buffer {
  const json = JSON.stringify(record);
  const body = json.slice(0, -1);
  return Buffer.from(`${body},"c":"${checksum(Buffer.from(body))}"}\n`);
}

const TAIL = /,"c":"([0-9a-f]{8})"\}$/;
const TAIL_BYTES = ',"c":"00000000"}'.length;

/** The record of one line without its newline, or null when the line is damaged. */
export function decodeRecord(line: Buffer): unknown {
  const body = line.subarray(0, line.length - TAIL_BYTES);
  const match = TAIL.exec(line.subarray(-TAIL_BYTES).toString('latin1'));
  if (match === null || checksum(body) !== match[1]) return null;
  try {
    return JSON.parse(body.toString('utf8') + '}');
  } catch {
    return null;
  }
}

export const checksum = (bytes: Buffer): string => crc32(bytes).toString(16).padStart(8, '0');
